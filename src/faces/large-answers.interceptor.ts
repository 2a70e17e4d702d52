/**
 * Writes answers with many faces in pieces: turning 1,000 embeddings into JSON at once would block for a fifth of a
 * second.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Readable } from 'node:stream';
import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import type { BatchDetectResponseDto } from './batch-detect.dto.js';
import type { DetectResponseDto } from './detect.dto.js';

type Answer = DetectResponseDto | BatchDetectResponseDto;
type Item = BatchDetectResponseDto['responses'][number];

/** Faces that are written before other requests get a turn: about 5 ms of work. */
const FACES_AT_A_TIME = 25;

@Injectable()
export class LargeAnswers implements NestInterceptor<Answer> {
  intercept(_: ExecutionContext, next: CallHandler<Answer>): Observable<Answer | StreamableFile> {
    return next.handle().pipe(
      map((answer) => {
        const items = 'responses' in answer ? answer.responses : [answer];
        const faces = items.reduce((sum, item) => sum + facesOf(item).length, 0);
        if (faces <= FACES_AT_A_TIME) return answer;
        return new StreamableFile(Readable.from(textOf(answer)), { type: 'application/json; charset=utf-8' });
      }),
    );
  }
}

function facesOf(item: Item): readonly unknown[] {
  return 'faces' in item ? item.faces : [];
}

/** The same text as `JSON.stringify` gives, in pieces. */
async function* textOf(answer: Answer): AsyncGenerator<string> {
  if (!('responses' in answer)) {
    yield* textOfItem(answer);
    return;
  }
  yield '{"responses":[';
  for (const [index, item] of answer.responses.entries()) {
    if (index > 0) yield ',';
    yield* textOfItem(item);
  }
  yield ']}';
}

async function* textOfItem(item: Item): AsyncGenerator<string> {
  if (!('faces' in item)) {
    yield JSON.stringify(item);
    return;
  }
  yield '{"faces":[';
  for (let at = 0; at < item.faces.length; at += FACES_AT_A_TIME) {
    const some = JSON.stringify(item.faces.slice(at, at + FACES_AT_A_TIME)).slice(1, -1);
    yield at > 0 ? `,${some}` : some;
    await nextTurn();
  }
  yield ']}';
}
