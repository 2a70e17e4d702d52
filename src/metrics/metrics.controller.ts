/** The route that Prometheus reads. */
import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Registry } from 'prom-client';

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly registry: Registry) {}

  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiProduces('text/plain')
  @ApiOkResponse({ type: String, description: 'Counters, gauges and histograms.' })
  @ApiOperation({
    summary: 'Read the metrics',
    description: 'Metrics of requests, stages, queue, workers and process, in the Prometheus text format.',
  })
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
