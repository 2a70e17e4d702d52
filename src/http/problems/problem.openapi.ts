/** Errors in the OpenAPI document. */
import { getSchemaPath, type ResponseObject } from '@nestjs/swagger';
import type { ErrorCode } from '../../errors.js';
import { ProblemDto } from './problem.dto.js';
import { problemOf, PROBLEMS } from './problem.js';

const EXAMPLE_DETAIL = 'What is wrong, and what to do about it.';
const EXAMPLE_ID = '5f0c1f3e-8f8b-4a57-9b9e-3a4c7f5f2d61';

/** One response per status, with an example problem per code. The document must include the schema of `ProblemDto`. */
export function problemAnswers(
  codes: readonly ErrorCode[],
): (ResponseObject & { readonly status: number })[] {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort();
  return statuses.map((status) => {
    const some = codes.filter((code) => PROBLEMS[code].status === status);
    return {
      status,
      description: some.map((code) => PROBLEMS[code].title).join(' · '),
      content: {
        'application/problem+json': {
          schema: { $ref: getSchemaPath(ProblemDto) },
          examples: Object.fromEntries(
            some.map((code) => [code, { value: problemOf(code, EXAMPLE_DETAIL, EXAMPLE_ID) }]),
          ),
        },
      },
    };
  });
}
