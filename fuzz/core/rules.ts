/** The rules that every answer must follow. */
import type { HttpAnswer } from './http-answer.js';

/** Problem documents are meant to be read by people. */
const MAX_PROBLEM_BYTES = 16 * 1024;
/** Internals that an answer must not reveal: stacks, files and dependencies. */
const INSIDE = /\n\s+at |node_modules|node:internal|\/dist\/|\[object Object\]/;

/** What is wrong with an answer; undefined if nothing is. @param head whether it answers a HEAD request, and so has no body */
export function wrongWith(answer: HttpAnswer, head = false): string | undefined {
  const { status, headers, body } = answer;
  if (status < 400) return status >= 200 ? undefined : `status ${status}`;
  if (status >= 500 && status !== 503 && status !== 504) return `status ${status}: ${excerpt(body)}`;
  if (status === 503 && headers['retry-after'] === undefined && !isHealth(answer))
    return 'a 503 without Retry-After';
  if (head || isHealth(answer)) return undefined;
  return wrongWithProblem(answer);
}

function wrongWithProblem({ status, headers, body }: HttpAnswer): string | undefined {
  if (body.length > MAX_PROBLEM_BYTES) return `a problem document of ${body.length} bytes`;
  const type = headers['content-type'] ?? 'no type';
  if (!type.startsWith('application/problem+json'))
    return `a ${status} of type ${type} instead of a problem document: ${excerpt(body)}`;
  const text = body.toString();
  let problem: Readonly<Record<string, unknown>>;
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    return `a problem document that is not JSON: ${excerpt(body)}`;
  }
  if (problem.status !== status) return `a problem document with status ${String(problem.status)}`;
  if (typeof problem.code !== 'string' || problem.code === '') return 'a problem document without a code';
  if (typeof problem.detail !== 'string' || problem.detail === '')
    return 'a problem document without a detail';
  const id = headers['x-request-id'];
  if (id === undefined || problem.request_id !== id)
    return `a problem document whose request_id is not the X-Request-Id: ${excerpt(body)}`;
  const camel = /"([a-z]+[A-Z]\w*)":/.exec(text)?.[1];
  if (camel !== undefined) return `a problem document with a member in camel case: ${camel}`;
  return INSIDE.test(text) ? `a problem document that reveals internals: ${excerpt(body)}` : undefined;
}

/** Whether it is a failed health check, which Terminus answers with a body of its own. */
function isHealth({ status, body }: HttpAnswer): boolean {
  return status === 503 && /^\{"status":"(error|shutting_down)"/.test(body.toString('latin1', 0, 40));
}

function excerpt(body: Buffer): string {
  return JSON.stringify(body.toString('latin1', 0, 200));
}
