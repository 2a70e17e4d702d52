/** Describes the served model and its outputs. */
import { posix } from 'node:path';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AGE_BRACKETS } from '../attributes/age.js';
import { Config } from '../config/config.js';
import { modelsOf, Pack } from '../packs/pack.js';
import { InferencePool } from '../inference/inference-pool.service.js';
import { ModelDto, ModelsDto, type ProvenanceDto } from './models.dto.js';

@ApiTags('models')
@Controller('v1/models')
export class ModelsController {
  constructor(
    private readonly pack: Pack,
    private readonly pool: InferencePool,
    private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'List the served models',
    description: 'The list has one model, with its full description.',
  })
  list(): ModelsDto {
    return { models: [this.insightface()] };
  }

  @Get('insightface')
  @ApiOperation({
    summary: 'Describe the served model',
    description: 'Its pack, licence, origin of the weights, outputs, labels and thresholds.',
  })
  insightface(): ModelDto {
    const { name, description, licence, models } = this.pack;
    const { threshold, falseMatchRate, measuredOn } = models.recognition.match;
    const { appearance, demographics, inheritedDemographics } = models;
    const decision = models.liveness?.decision;
    const pose = models.pose !== undefined;
    const heads = appearance !== undefined;
    const anyGender = heads || demographics !== undefined;
    const labels = demographics?.races ?? inheritedDemographics?.races ?? appearance?.races;
    return {
      name: 'insightface',
      ready: this.pool.state.workers > 0,
      pack: name,
      description,
      licence,
      provenance: provenanceOf(this.pack),
      execution_provider: this.pool.runtimes.current.provider,
      execution_providers: this.config.executionProviders,
      outputs: {
        landmarks: models.landmarks !== undefined,
        feature: true,
        roll: pose,
        yaw: pose,
        pitch: pose,
        quality: (models.trunk ?? models.recognition).quality !== undefined,
        mask_confidence: heads,
        liveness_confidence: models.liveness !== undefined,
        gender: anyGender,
        age_bracket: anyGender,
        race: labels !== undefined,
        age: demographics?.tells.years ?? heads,
        gender_confidence: anyGender,
        age_bracket_confidence: demographics?.tells.bracketConfidence ?? heads,
        race_confidence: labels !== undefined,
      },
      landmark_scheme: models.landmarks?.scheme ?? null,
      labels: {
        gender: demographics?.genders ?? appearance?.genders ?? null,
        age_bracket: anyGender ? AGE_BRACKETS : null,
        race: labels === undefined ? null : [...new Set(labels)].filter((race) => race !== null),
      },
      notes: { race: labels === appearance?.races ? appearance?.raceNote : undefined },
      thresholds: {
        detection: models.detector.scoreThreshold,
        match: {
          similarity: threshold,
          false_match_rate: falseMatchRate ?? null,
          measured_on: measuredOn ?? null,
        },
        liveness:
          decision === undefined
            ? null
            : {
                confidence: decision.threshold,
                apcer: decision.apcer,
                bpcer: decision.bpcer,
                measured_on: decision.measuredOn,
              },
      },
    };
  }
}

/** Where the weights of each model come from, the files relative to the folder of packs. */
function provenanceOf({ name, models }: Pack): ProvenanceDto[] {
  return modelsOf(models).flatMap(([role, { file, onCpu, provenance }]) => {
    if (provenance === undefined) return [];
    const { weights, licence, url, trainingData, attribution } = provenance;
    return {
      role,
      files: [file, ...(onCpu === undefined ? [] : [onCpu.file])].map((path) => posix.join(name, path)),
      weights,
      licence,
      url: url ?? null,
      training_data: trainingData.map((data) => ({
        name: data.name,
        use: data.use,
        licence: data.licence,
        evidence: data.evidence,
        url: data.url ?? null,
      })),
      attribution: attribution ?? null,
    };
  });
}
