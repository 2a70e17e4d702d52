/** Says which model is served, and what it can do. */
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AGE_BRACKETS } from '../attributes/age.js';
import { Config } from '../config/config.js';
import { Pack } from '../packs/pack.js';
import { InferencePool } from '../pipeline/inference-pool.service.js';
import { ModelDto, ModelsDto } from './models.dto.js';

@ApiTags('models')
@Controller('v1/models')
export class ModelsController {
  constructor(
    private readonly pack: Pack,
    private readonly pool: InferencePool,
    private readonly config: Config,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the served models', description: 'One model, with all that is said of it.' })
  list(): ModelsDto {
    return { models: [this.insightface()] };
  }

  @Get('insightface')
  @ApiOperation({
    summary: 'Describe the served model',
    description: 'Its pack, licence, outputs, labels and thresholds.',
  })
  insightface(): ModelDto {
    const { name, description, licence, models } = this.pack;
    const { threshold, falseMatchRate, measuredOn } = models.recognition.match;
    const { appearance } = models;
    const pose = models.pose !== undefined;
    const heads = appearance !== undefined;
    return {
      name: 'insightface',
      ready: this.pool.state.workers > 0,
      pack: name,
      description,
      licence,
      execution_providers: this.config.executionProviders,
      outputs: {
        landmarks: models.landmarks !== undefined,
        feature: true,
        roll: pose,
        yaw: pose,
        pitch: pose,
        quality: models.recognition.quality !== undefined,
        mask_confidence: heads,
        liveness_confidence: models.liveness !== undefined,
        gender: heads,
        age_bracket: heads,
        race: heads,
        age: heads,
        gender_confidence: heads,
        age_bracket_confidence: heads,
        race_confidence: heads,
      },
      landmark_scheme: models.landmarks?.scheme ?? null,
      labels: {
        gender: appearance?.genders ?? null,
        age_bracket: heads ? AGE_BRACKETS : null,
        race: appearance?.races.filter((race) => race !== null) ?? null,
      },
      notes: { race: appearance?.raceNote },
      thresholds: {
        detection: models.detector.scoreThreshold,
        match: {
          similarity: threshold,
          false_match_rate: falseMatchRate ?? null,
          measured_on: measuredOn ?? null,
        },
      },
    };
  }
}
