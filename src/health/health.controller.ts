/** The three health routes: liveness, readiness, and all checks in detail. */
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { AccessHealth } from './access.health.js';
import { DecoderHealth } from './decoder.health.js';
import { InferenceHealth } from './inference.health.js';
import { PackHealth } from './pack.health.js';
import { RuntimeHealth } from './runtime.health.js';

@ApiTags('health')
@Controller('-')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly pack: PackHealth,
    private readonly inference: InferenceHealth,
    private readonly decoder: DecoderHealth,
    private readonly runtime: RuntimeHealth,
    private readonly access: AccessHealth,
  ) {}

  @Get('livez')
  @ApiOperation({ summary: 'Is the process alive?', description: 'Answers as long as the event loop runs.' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @HealthCheck()
  @ApiOperation({
    summary: 'Can requests be sent here?',
    description:
      'Answers 503 while no worker responds, no picture can be decoded, or the service is stopping.',
  })
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.inference.check('inference'), () => this.decoder.check('decoder')]);
  }

  @Get('healthz')
  @HealthCheck()
  @ApiOperation({
    summary: 'Is everything well?',
    description:
      'Checks the model pack, the workers, a real inference and the decoders, and API keys and rate limit if they are in use. Answers 503 if the service cannot work. Answers 200 with `degraded` if it works with restrictions: some workers hang, the API keys or the shared rate limit cannot be updated, or models run on the CPU although a GPU is configured.',
  })
  healthy(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.pack.check('pack'),
      () => this.runtime.check('runtime'),
      () => this.inference.check('inference'),
      () => this.decoder.check('decoder'),
      ...this.access.checks(),
    ]);
  }
}
