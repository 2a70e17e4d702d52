/** Alerts and dashboard: they ask for metrics that the service has, and an alert fires when it should. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, describeRendered, overlay } from '../support/rendered-manifests.js';

/** What the service exports: /metrics names no other `face_` series. */
const METRICS = [
  'face_batch_size',
  'face_build_info',
  'face_bytes_in_flight',
  'face_eventloop_delay_seconds',
  'face_faces_per_image',
  'face_http_request_duration_seconds',
  'face_http_requests_total',
  'face_image_source_errors_total',
  'face_jobs_in_flight',
  'face_queue_depth',
  'face_queue_wait_seconds',
  'face_requests_refused_total',
  'face_stage_duration_seconds',
  'face_worker_restarts_total',
  'face_workers',
];

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

interface Group {
  readonly name: string;
  readonly rules: Alert[];
}

interface Panel {
  readonly title: string;
  readonly targets: { readonly expr: string; readonly legendFormat: string }[];
}

const S = 'service="face-analysis", namespace="faces", pod="face-analysis-0"';

/**
 * Per alert, series of one sample a minute that must set it off, and the healthy ones that must not. `0+6x30` counts up
 * by 6 a minute for half an hour, `1x30` stays at 1.
 */
const CASES: Record<string, { readonly ill: Record<string, string>; readonly well: Record<string, string> }> =
  {
    FaceAnalysisDown: { ill: { [`up{${S}}`]: '0x30' }, well: { [`up{${S}}`]: '1x30' } },
    FaceAnalysisErrors: {
      ill: {
        [`face_http_requests_total{${S}, status="200"}`]: '0+600x30',
        [`face_http_requests_total{${S}, status="500"}`]: '0+12x30',
      },
      well: {
        [`face_http_requests_total{${S}, status="200"}`]: '0+600x30',
        [`face_http_requests_total{${S}, status="422"}`]: '0+300x30',
        [`face_http_requests_total{${S}, status="503"}`]: '0+300x30',
      },
    },
    FaceAnalysisRefusing: {
      ill: {
        [`face_http_requests_total{${S}, status="200"}`]: '0+600x30',
        [`face_http_requests_total{${S}, status="503"}`]: '0+12x30',
      },
      well: { [`face_http_requests_total{${S}, status="200"}`]: '0+600x30' },
    },
    FaceAnalysisSlow: {
      ill: durations('face_http_request_duration_seconds', 'route="/v1/models/insightface:detect"', '5'),
      well: durations('face_http_request_duration_seconds', 'route="/v1/models/insightface:detect"', '0.25'),
    },
    FaceAnalysisQueueing: {
      ill: durations('face_queue_wait_seconds', '', '5'),
      well: durations('face_queue_wait_seconds', '', '0.25'),
    },
    FaceAnalysisWorkersDying: {
      ill: { [`face_worker_restarts_total{${S}}`]: '0+1x30' },
      well: { [`face_worker_restarts_total{${S}}`]: '2x30' },
    },
    FaceAnalysisSourceFailing: {
      ill: { [`face_image_source_errors_total{${S}, source="s3", code="x"}`]: '0+120x40' },
      well: { [`face_image_source_errors_total{${S}, source="s3", code="x"}`]: '0+6x40' },
    },
    FaceAnalysisEventLoopBlocked: {
      ill: { [`face_eventloop_delay_seconds{${S}, quantile="0.99"}`]: '0.5x30' },
      well: {
        [`face_eventloop_delay_seconds{${S}, quantile="0.99"}`]: '0.01x30',
        [`face_eventloop_delay_seconds{${S}, quantile="1"}`]: '0.5x30',
      },
    },
    FaceAnalysisNotOnGpu: {
      ill: { [`face_build_info{${S}, provider="cpu"}`]: '1x30' },
      well: { [`face_build_info{${S}, provider="cuda"}`]: '1x30' },
    },
  };

/** A histogram whose observations all lie in one bucket. */
function durations(name: string, labels: string, seconds: string): Record<string, string> {
  const bounds = ['0.1', '0.25', '1', '5', '30', '+Inf'];
  return Object.fromEntries(
    bounds.map((le) => [
      `${name}_bucket{${[S, labels, `le="${le}"`].filter((part) => part !== '').join(', ')}}`,
      Number(le.replace('+Inf', 'Infinity')) >= Number(seconds) ? '0+60x30' : '0x30',
    ]),
  );
}

describeRendered('monitoring', () => {
  const documents = overlay('gpu');
  const groups = documents
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => at<Group>(spec, 'groups.*'));
  const alerts = groups.flatMap(({ rules }) => rules);
  const dashboard = JSON.parse(
    at<Record<string, string>>(
      documents.find(({ metadata }) => metadata.name === 'face-analysis-dashboard'),
      'data',
    )[0]['dashboard.json'],
  ) as { panels: Panel[] };
  const panels = dashboard.panels.flatMap(({ title, targets }) =>
    targets.map((target) => ({ title, ...target })),
  );
  const scalers = [
    ...at<string>(documents, '*.spec.metrics.*.pods.metric.name'),
    ...at<string>(overlay('keda'), '*.spec.triggers.*.metadata.query'),
  ];

  test('only metrics of the service are asked for, and each is shown', () => {
    const seriesOf = (expr: string): string[] =>
      [...expr.matchAll(/\bface_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    const shown = panels.flatMap(({ expr }) => seriesOf(expr));
    const used = [...alerts.map(({ expr }) => expr), ...scalers].flatMap(seriesOf);
    expect([...new Set(shown)].sort()).toEqual(METRICS);
    for (const name of used) expect(METRICS).toContain(name);
  });

  test('what a panel is split by is in its legend', () => {
    for (const { expr, legendFormat } of panels) {
      const by = /by \(([^)]*)\)/.exec(expr)?.[1].split(/, */) ?? [];
      for (const label of by.filter((name) => name !== 'le' && name !== ''))
        expect(legendFormat).toContain(`{{${label}}}`);
    }
  });

  test('the dashboard carries the label that Grafana looks for', () => {
    const [labels] = at(
      documents.find(({ metadata }) => metadata.name === 'face-analysis-dashboard'),
      'metadata.labels',
    );
    expect(labels).toMatchObject({ grafana_dashboard: '1' });
  });

  test('every alert has a severity, and a chapter in the runbook', () => {
    const chapters = readFileSync('docs/operations.md', 'utf8').match(/(?<=^### ).*/gm) ?? [];
    for (const { alert, labels, annotations } of alerts) {
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations.runbook).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(chapters).toContain(alert);
    }
    expect(chapters.filter((title) => title.startsWith('FaceAnalysis'))).toHaveLength(alerts.length);
  });

  const noPromtool = spawnSync('promtool', ['--version']).status === 0 ? undefined : 'no promtool';
  if (noPromtool !== undefined) process.stderr.write(`skipped: ${noPromtool}\n`);
  (noPromtool === undefined ? describe : describe.skip)('as Prometheus reads it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rules-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    /** What promtool says of a file; JSON is YAML to it. */
    function promtool(command: string, name: string, content: unknown): string {
      const path = join(folder, name);
      writeFileSync(path, JSON.stringify(content));
      const { status, stdout, stderr } = spawnSync('promtool', [command, 'rules', path], {
        encoding: 'utf8',
      });
      return status === 0 ? '' : stdout + stderr;
    }

    test('the rules are rules', () => {
      expect(promtool('check', 'rules.yml', { groups })).toBe('');
    });

    test('the dashboard asks in PromQL', () => {
      const rules = panels.map(({ expr }, index) => ({
        record: `panel:${index}`,
        expr: expr.replaceAll('$__rate_interval', '5m'),
      }));
      expect(promtool('check', 'panels.yml', { groups: [{ name: 'panels', rules }] })).toBe('');
    });

    test('every alert is tried', () => {
      expect(Object.keys(CASES).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
    });

    test.each(Object.entries(CASES))('%s fires when it should, and only then', (alert, { ill, well }) => {
      promtool('check', 'rules.yml', { groups });
      const input = (series: Record<string, string>): object => ({
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      });
      const fires = {
        expr: `count(ALERTS{alertname="${alert}", alertstate="firing"}) > 0`,
        eval_time: '29m',
      };
      const file = {
        rule_files: ['rules.yml'],
        tests: [
          { ...input(ill), promql_expr_test: [{ ...fires, exp_samples: [{ labels: '{}', value: 1 }] }] },
          { ...input(well), promql_expr_test: [{ ...fires, exp_samples: [] }] },
        ],
      };
      expect(promtool('test', `${alert}.yml`, file)).toBe('');
    });
  });
});
