/** The three health routes: alive, ready to take requests, and everything in detail. */
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
  @ApiOperation({ summary: 'Is the process alive?', description: 'Answers as long as the event loop turns.' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @HealthCheck()
  @ApiOperation({
    summary: 'Can requests be sent here?',
    description: '503 while no worker answers, no picture can be decoded, or the service stops.',
  })
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.inference.check('inference'), () => this.decoder.check('decoder')]);
  }

  @Get('healthz')
  @HealthCheck()
  @ApiOperation({
    summary: 'Is everything well?',
    description:
      'The model pack, the workers, a real inference and the decoders; API keys and rate limit where they are in use. `degraded`, with 200, when one of these is at fault, or when models run on the CPU that were to run on a GPU.',
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
