/** models/<pack>/pack.json as types: which model plays which role. */
import { Type } from 'class-transformer';
import { IsDefined, IsOptional, IsString, ValidateNested } from 'class-validator';
import { LivenessModel, AppearanceModel, DemographicsModel } from './attribute-models.js';
import { DetectorModel } from './detector-model.js';
import { LandmarksModel } from './landmarks-model.js';
import { PoseModel, QuickPoseModel } from './pose-model.js';
import { RecognitionModel } from './recognition-model.js';

/** The models of a pack by role; a role a pack lacks answers `null` in the API. */
export class PackModels {
  @IsDefined()
  @ValidateNested()
  @Type(() => DetectorModel)
  detector!: DetectorModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => LandmarksModel)
  landmarks?: LandmarksModel;

  @IsDefined()
  @ValidateNested()
  @Type(() => RecognitionModel)
  recognition!: RecognitionModel;

  /**
   * The recognition model whose features `appearance` and whose embedding's length the quality are read off; missing
   * where that is `recognition` itself. A pack with a recognition model of its own takes it from the pack it extends.
   */
  @IsOptional()
  @ValidateNested()
  @Type(() => RecognitionModel)
  trunk?: RecognitionModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => DemographicsModel)
  demographics?: DemographicsModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => AppearanceModel)
  appearance?: AppearanceModel;

  @IsOptional()
  @ValidateNested()
  @Type(() => PoseModel)
  pose?: PoseModel;

  /** Used where `pose` is a `hopenet`, which it learnt from. */
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

  /** SPDX identifier of the weights' licence, or the name of a licence that has none. */
  @IsString()
  licence!: string;

  @IsDefined()
  @ValidateNested()
  @Type(() => PackModels)
  models!: PackModels;

  /** Absolute path of the pack's folder. */
  folder!: string;
}
