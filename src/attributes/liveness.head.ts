/**
 * Liveness with the MiniFASNet family of Silent-Face-Anti-Spoofing (https://github.com/minivision-ai): three classes,
 * the first of which is a living face. Sees a multiple of the face's box, 128×128, raw 0…255 in BGR order.
 */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pathsOf } from '../packs/graph-paths.js';
import { Pack } from '../packs/pack.js';
import { runInBatches } from '../sessions/batches.js';
import { type Model, SessionManager } from '../sessions/session-manager.service.js';
import type { Signature } from '../sessions/signature.js';
import { boxToPicture } from '../vision/affine.js';
import { type Box, scaleAboutCentre } from '../vision/box.js';
import type { Image } from '../vision/image.js';
import { softmax } from '../vision/tensor.js';
import type { Normalisation } from '../vision/planes.js';
import { sample } from '../vision/warp.js';
import type { FaceView } from './face-view.js';

const SIDE = 128;
const LIVE = 0;
export const SIGNATURE: Signature = { input: ['N', 3, SIDE, SIDE], outputs: { logits: ['N', 3] } };
const NORMALISATION: Normalisation = { order: 'BGR', mean: [0, 0, 0], std: [1, 1, 1] };

@Injectable()
export class LivenessHead implements OnModuleInit {
  private model?: Model;

  constructor(
    private readonly pack: Pack,
    private readonly sessions: SessionManager,
  ) {}

  async onModuleInit(): Promise<void> {
    const { folder, models } = this.pack;
    if (models.liveness === undefined) return;
    this.model = await this.sessions.open(pathsOf(folder, models.liveness), SIGNATURE);
  }

  /** How sure the model is that each face is a living one, 0…1, in order; `null` where the pack has no such model. */
  async describe(faces: readonly FaceView[]): Promise<(number | null)[]> {
    const { liveness } = this.pack.models;
    if (this.model === undefined || liveness === undefined) return faces.map(() => null);
    const outputs = await runInBatches(
      this.model,
      faces,
      [3, SIDE, SIDE],
      ({ image, box }, { data }, offset) => {
        const map = boxToPicture(surroundings(box, image, liveness.scale), SIDE, SIDE);
        // Point sampling on purpose: the network was trained on such crops, and averaging would wipe out the
        // fine texture (moiré, print dots) it looks for.
        sample(image, map, { data, offset, width: SIDE, height: SIDE }, NORMALISATION);
      },
    );
    return outputs.map(({ logits }) => softmax(logits)[LIVE]);
  }
}

/** The box times `scale`, the scale reduced and the box shifted so that it stays inside the picture. */
export function surroundings(
  box: Box,
  { width, height }: Pick<Image, 'width' | 'height'>,
  scale: number,
): Box {
  const fitting = Math.min(scale, (width - 1) / (box.x2 - box.x1), (height - 1) / (box.y2 - box.y1));
  const { x1, y1, x2, y2 } = scaleAboutCentre(box, fitting);
  const dx = shift(x1, x2, width - 1);
  const dy = shift(y1, y2, height - 1);
  return { x1: x1 + dx, y1: y1 + dy, x2: x2 + dx, y2: y2 + dy };
}

function shift(low: number, high: number, limit: number): number {
  if (low < 0) return -low;
  return high > limit ? limit - high : 0;
}
