/** A pack as the service uses it: which model plays which role. */
import { Type } from 'class-transformer';
import { IsDefined, IsOptional, IsString, ValidateNested } from 'class-validator';
import { AppearanceModel, DemographicsModel } from './attribute-models.js';
import { DetectorModel } from './detector-model.js';
import { LandmarksModel, OrientationModel } from './landmarks-model.js';
import { LivenessModel } from './liveness-model.js';
import type { ModelFile } from './model-file.js';
import { PoseModel, QuickPoseModel } from './pose-model.js';
import { RecognitionModel } from './recognition-model.js';

/** The models of a pack by role. Where a pack lacks a role, the API answers `null`. */
export class PackModels {
  @IsDefined()
  @ValidateNested()
  @Type(() => DetectorModel)
  detector!: DetectorModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => LandmarksModel)
  landmarks?: LandmarksModel;

  /** Used only where `landmarks` has the features that it learnt from. */
  @IsOptional()
  @ValidateNested()
  @Type(() => OrientationModel)
  orientation?: OrientationModel;

  @IsDefined()
  @ValidateNested()
  @Type(() => RecognitionModel)
  recognition!: RecognitionModel;

  /**
   * The recognition model that `appearance`, `quickPose` and the quality rely on; missing where that is `recognition`
   * itself. A pack with a recognition model of its own takes it from the pack it extends.
   */
  @IsOptional()
  @ValidateNested()
  @Type(() => RecognitionModel)
  trunk?: RecognitionModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => DemographicsModel)
  demographics?: DemographicsModel;

  /** The model of the extended pack that tells the race, where a pack's own `demographics` does not. */
  @IsOptional()
  @ValidateNested()
  @Type(() => DemographicsModel)
  inheritedDemographics?: DemographicsModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => AppearanceModel)
  appearance?: AppearanceModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => PoseModel)
  pose?: PoseModel;

  /** Used only where the family of `pose` is `hopenet`, which it learnt from. */
  @IsOptional()
  @ValidateNested()
  @Type(() => QuickPoseModel)
  quickPose?: QuickPoseModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => LivenessModel)
  liveness?: LivenessModel;
}

/** One model pack, validated. Inject it by this class. */
export class Pack {
  @IsString()
  name!: string;

  @IsString()
  description!: string;

  /** SPDX identifier of the weights' licence, or the licence's name where it has no identifier. */
  @IsString()
  licence!: string;

  @IsDefined()
  @ValidateNested()
  @Type(() => PackModels)
  models!: PackModels;

  /** Absolute path of the pack's folder. */
  folder!: string;
}

/** The models that a pack has, with their roles. */
export function modelsOf(models: PackModels): [role: string, model: ModelFile][] {
  return Object.entries<ModelFile | undefined>({ ...models }).flatMap(([role, model]) =>
    model === undefined ? [] : [[role, model]],
  );
}
