/** models/<pack>/pack.json as types: which model plays which role, and the facts its code needs. */
import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';

/** A graph of a pack. */
export class GraphFile {
  /** Path inside the pack's folder, or inside that of the pack beside it that fills in this role. */
  @Matches(/^(\.\.\/)?(\w[\w.-]*\/)*\w[\w.-]*\.onnx$/)
  file!: string;

  /** SHA-256 of that file, in hexadecimal; missing where nobody has published it. */
  @IsOptional()
  @Matches(/^[0-9a-f]{64}$/)
  sha256?: string;
}

/** What every model of a pack says of itself. */
export class ModelFile extends GraphFile {
  /** The graph that runs in its place on a CPU: the same in 8-bit numbers, for which GPUs have no kernels. */
  @IsOptional()
  @ValidateNested()
  @Type(() => GraphFile)
  onCpu?: GraphFile;
}

/** How the sizes of input confirm or contradict each other's candidates; see detection/confirmation.ts. */
export class Confirmation {
  /** Detector score from which a candidate needs no other size to confirm it, 0…1. */
  @Min(0)
  @Max(1)
  aloneFrom!: number;

  /** Detector score from which a size sees something, 0…1: it confirms what others see there, or leaves doubt. */
  @Min(0)
  @Max(1)
  seenFrom!: number;

  /** Length of a box in an input, in pixels, from which the detector sees faces so well that missing one tells something; */
  @IsPositive()
  clearFrom!: number;

  /** and above which it sees but parts of them. */
  @IsPositive()
  clearTo!: number;
}

/** How candidates the detector is not sure of are verified; see pipeline/verification.ts. Needs `appearance`. */
export class Verification {
  /** Detector score from which a box is a candidate at all, 0…1; lower where a caller asks for less confidence than usual. */
  @Min(0)
  @Max(1)
  listenFrom!: number;

  /** Detector score from which a candidate is taken for a face without a second opinion, 0…1. */
  @Min(0)
  @Max(1)
  certainFrom!: number;

  /** Weights of the log odds of the detector's score and of the head's probability, and the constant. */
  @IsNumber()
  scoreWeight!: number;

  @IsNumber()
  faceWeight!: number;

  @IsNumber()
  bias!: number;

  /** Without it every useful size is searched, and every doubtful candidate gets a second opinion. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Confirmation)
  confirmation?: Confirmation;
}

/** The model that finds faces. */
export class DetectorModel extends ModelFile {
  @IsIn(['ultraface', 'scrfd', 'yunet'])
  family!: 'ultraface' | 'scrfd' | 'yunet';

  /** Lengths in pixels of the picture's longer side at which it is searched; the results are merged. */
  @IsArray()
  @ArrayMinSize(1)
  @IsPositive({ each: true })
  sizes!: number[];

  /** Score from which a box counts as a face where the caller does not say, 0…1. */
  @Min(0)
  @Max(1)
  scoreThreshold!: number;

  /** Intersection over union above which two boxes are the same face, 0…1. */
  @Min(0)
  @Max(1)
  iouThreshold!: number;

  /** Share of the smaller box inside the larger above which two boxes are the same face; 1: never. */
  @Min(0)
  @Max(1)
  containmentThreshold!: number;

  /** Without it the detector's score is the confidence. */
  @IsOptional()
  @ValidateNested()
  @Type(() => Verification)
  verification?: Verification;
}

/** How 0…255 becomes a graph's input: (value − mean) / std. Graphs that do this themselves take 0 and 1. */
export class InputScaling {
  @IsNumber()
  mean!: number;

  @IsPositive()
  std!: number;
}

/** The model that places the landmarks inside a detected box. */
export class LandmarksModel extends ModelFile {
  @IsIn(['landmarks68', '2d106det'])
  family!: 'landmarks68' | '2d106det';

  /** Name of the numbering of the points. */
  @IsIn(['ibug-68', 'insightface-2d106'])
  scheme!: 'ibug-68' | 'insightface-2d106';

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}

/** Parameters of `similarityToConfidence`. */
export class ConfidenceCurve {
  /** Cosine similarity at which the confidence is `middle`. */
  @IsNumber()
  threshold!: number;

  @IsPositive()
  steepness!: number;

  @Min(0)
  @Max(1)
  lowest!: number;

  @Min(0)
  @Max(1)
  middle!: number;

  @Min(0)
  @Max(1)
  highest!: number;
}

/** When two faces are the same person's. */
export class MatchFacts {
  /** Cosine similarity from which two faces match, −1…1. */
  @Min(-1)
  @Max(1)
  threshold!: number;

  /** Share of pairs of different people above the threshold, 0…1; missing where nobody has measured it. */
  @IsOptional()
  @Min(0)
  @Max(1)
  falseMatchRate?: number;

  /** The data the rate was measured on. */
  @IsOptional()
  @IsString()
  measuredOn?: string;

  @ValidateNested()
  @Type(() => ConfidenceCurve)
  confidence!: ConfidenceCurve;
}

/** Parameters of `quality`: they belong to one recognition model, as the length of its embeddings does. */
export class QualityCurve {
  /** Length of the embedding at which the quality is ½. */
  @IsPositive()
  middle!: number;

  @IsPositive()
  steepness!: number;
}

/** The model that turns an aligned face into an embedding. */
export class RecognitionModel extends ModelFile {
  @IsIn(['arcface'])
  family!: 'arcface';

  @IsIn(['RGB', 'BGR'])
  channelOrder!: 'RGB' | 'BGR';

  @IsNumber()
  mean!: number;

  @IsPositive()
  std!: number;

  /** Whether the graph gives, beside its `embedding`, the `features` that attribute heads look at. */
  @IsBoolean()
  hasFeatures: boolean = false;

  @IsDefined()
  @ValidateNested()
  @Type(() => MatchFacts)
  match!: MatchFacts;

  /** As `npm run eval -- quality` measures it; without it, quality is `null`. */
  @IsOptional()
  @ValidateNested()
  @Type(() => QualityCurve)
  quality?: QualityCurve;
}

/** Degrees to add to a model's angles, in the contract's signs. */
export class PoseOffsets {
  @IsNumber()
  roll!: number;

  @IsNumber()
  yaw!: number;

  /** Added times the cosine of yaw. */
  @IsNumber()
  pitch!: number;
}

/** The model that reads the head's pose. */
export class PoseModel extends ModelFile {
  @IsIn(['hopenet', '1k3d68'])
  family!: 'hopenet' | '1k3d68';

  /** What the model's angles lack, as `npm run eval -- pose` measures it. */
  @IsDefined()
  @ValidateNested()
  @Type(() => PoseOffsets)
  calibration!: PoseOffsets;

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}

/** How far a head may be turned, in degrees to either side. */
export class PoseLimits {
  /** In the aligned crop, where it is near 0 unless the keypoints are wrong. */
  @IsPositive()
  roll!: number;

  @IsPositive()
  yaw!: number;

  @IsPositive()
  pitch!: number;
}

/** The network on the trunk's features that tells the pose of heads turned little; `pose` is asked about the others. */
export class QuickPoseModel extends ModelFile {
  @IsIn(['trunk-pose'])
  family!: 'trunk-pose';

  /** Within these it answers. */
  @IsDefined()
  @ValidateNested()
  @Type(() => PoseLimits)
  limits!: PoseLimits;
}

/** The model that tells a living face from a picture of one. */
export class LivenessModel extends ModelFile {
  @IsIn(['minifasnet'])
  family!: 'minifasnet';

  /** How many times the face's box the model looks at. */
  @IsPositive()
  scale!: number;
}

/** The network on the trunk's features that tells gender, age, race and mask. */
export class AppearanceModel extends ModelFile {
  @IsIn(['trunk-heads'])
  family!: 'trunk-heads';

  /** The label of each class of its gender output. */
  @IsIn(['Female', 'Male'], { each: true })
  @ArrayMinSize(2)
  genders!: ('Female' | 'Male')[];

  /** The label of each class of its race output; `null` for a class that mixes several labels of the contract. */
  @IsArray()
  @ArrayMinSize(2)
  races!: (string | null)[];

  /** Which labels it cannot tell apart and why, for those who ask why `race` is null. */
  @IsOptional()
  @IsString()
  raceNote?: string;
}

/** The network that tells gender, age and race from the pixels; what it tells goes before what `appearance` tells. */
export class DemographicsModel extends ModelFile {
  @IsIn(['genderage', 'fairface'])
  family!: 'genderage' | 'fairface';

  /** The label of each class of its gender output. */
  @IsIn(['Female', 'Male'], { each: true })
  @ArrayMinSize(2)
  genders!: ('Female' | 'Male')[];

  /** The label of each class of its race output, where it has one; classes of one label count together. */
  @IsOptional()
  @IsString({ each: true })
  races?: string[];

  @IsOptional()
  @ValidateNested()
  @Type(() => InputScaling)
  scaling?: InputScaling;
}

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
