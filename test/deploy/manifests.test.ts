/** The Kubernetes manifests: valid, consistent with each other, and with what the service does. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Config } from '../../src/config/config.js';
import { settingsOf } from '../../src/config/setting.js';
import {
  at,
  describeRendered,
  type Manifest,
  OVERLAYS,
  overlay,
  podLabelsOf,
  podSpecOf,
  render,
} from '../support/rendered-manifests.js';
import { problemsOf } from '../support/kubernetes-schemas.js';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string | number };
}

interface Container {
  readonly image: string;
  readonly ports: { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly resources: Record<'requests' | 'limits', Record<string, string>>;
  readonly securityContext: Record<string, unknown>;
}

function workloadOf(documents: readonly Manifest[]): Manifest {
  const workloads = documents.filter((document) => podSpecOf(document) !== undefined);
  expect(workloads).toHaveLength(1);
  return workloads[0];
}

function containerOf(documents: readonly Manifest[]): Container {
  const containers = at<Container>(podSpecOf(workloadOf(documents)), 'containers.*');
  expect(containers).toHaveLength(1);
  return containers[0];
}

function only(documents: readonly Manifest[], kind: string): Manifest {
  const found = documents.filter((document) => document.kind === kind);
  expect(found).toHaveLength(1);
  return found[0];
}

describe.each(OVERLAYS)('%s', (name) =>
  describeRendered('overlay', () => {
    const documents = overlay(name);
    const container = containerOf(documents);
    const podLabels = podLabelsOf(workloadOf(documents)) ?? {};

    test('every document is valid', () => {
      expect(
        documents.flatMap((document) => problemsOf(document).map((it) => `${document.kind}: ${it}`)),
      ).toEqual([]);
    });

    test('every selector finds its pods', () => {
      const selectors = documents.flatMap(({ kind, spec }) => {
        if (kind === 'Service') return at<Record<string, string>>(spec, 'selector');
        if (kind === 'NetworkPolicy') return at<Record<string, string>>(spec, 'podSelector.matchLabels');
        if (kind === 'Deployment')
          return [
            ...at<Record<string, string>>(spec, 'selector.matchLabels'),
            ...at<Record<string, string>>(
              spec,
              'template.spec.topologySpreadConstraints.*.labelSelector.matchLabels',
            ),
          ];
        return kind === 'PodDisruptionBudget' ? at<Record<string, string>>(spec, 'selector.matchLabels') : [];
      });
      expect(selectors.length).toBeGreaterThan(0);
      for (const selector of selectors) expect(podLabels).toMatchObject(selector);
    });

    test('Prometheus finds the Service and its port', () => {
      for (const { spec } of documents.filter(({ kind }) => kind === 'ServiceMonitor')) {
        const service = only(documents, 'Service');
        expect(service.metadata.labels).toMatchObject(at<object>(spec, 'selector.matchLabels')[0]);
        expect(at(service.spec, 'ports.*.name')).toEqual(
          expect.arrayContaining(at(spec, 'endpoints.*.port')),
        );
      }
    });

    test('every port that is named is there', () => {
      const named = documents.flatMap(({ kind, spec }) => {
        if (kind === 'Service') return at(spec, 'ports.*.targetPort');
        return kind === 'NetworkPolicy' ? at(spec, 'ingress.*.ports.*.port') : [];
      });
      const probed = [container.startupProbe, container.readinessProbe, container.livenessProbe];
      const ports = container.ports.flatMap(({ name: port, containerPort }) => [port, containerPort]);
      for (const port of [...named, ...probed.map(({ httpGet }) => httpGet.port)])
        expect(ports).toContain(port);
      expect(container.ports.map(({ containerPort }) => containerPort)).toContain(new Config().port);
    });

    test('the probes ask the three routes of health', () => {
      expect(container.startupProbe.httpGet.path).toBe('/-/healthz');
      expect(container.readinessProbe.httpGet.path).toBe('/-/readyz');
      expect(container.livenessProbe.httpGet.path).toBe('/-/livez');
    });

    test('what is referred to by name is there, or is optional', () => {
      const names = documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      const pod = podSpecOf(workloadOf(documents));
      const wanted = [
        ...at(container, 'envFrom.*.configMapRef.name').map((it) => `ConfigMap ${String(it)}`),
        ...at(pod, 'volumes.*.configMap.name').map((it) => `ConfigMap ${String(it)}`),
        ...at(pod, 'serviceAccountName').map((it) => `ServiceAccount ${String(it)}`),
        ...documents.flatMap(({ kind, spec }) =>
          kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject'
            ? at(spec, 'scaleTargetRef.name').map((it) => `Deployment ${String(it)}`)
            : [],
        ),
      ];
      expect(wanted.length).toBeGreaterThan(1);
      for (const reference of wanted) expect(names).toContain(reference);
      for (const secret of [...at(container, 'envFrom.*.secretRef'), ...at(pod, 'volumes.*.secret')])
        expect(secret).toMatchObject({ optional: true });
      const volumes = at(pod, 'volumes.*.name');
      for (const mount of at(container, 'volumeMounts.*.name')) expect(volumes).toContain(mount);
    });

    test('the settings are settings of the service', () => {
      const variables = settingsOf(Config).map(({ variable }) => variable);
      const [settings] = documents.filter(({ metadata }) =>
        metadata.name.startsWith('face-analysis-settings'),
      );
      for (const variable of Object.keys(settings.data as object)) expect(variables).toContain(variable);
    });

    test('it runs as nobody, on a read-only root file system, without privileges or a token', () => {
      const pod = podSpecOf(workloadOf(documents)) as Record<string, object | undefined>;
      const security = { ...pod.securityContext, ...container.securityContext };
      expect(security).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 65532,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(only(documents, 'ServiceAccount').automountServiceAccountToken).toBe(false);
      expect(at(pod, 'volumes.*.emptyDir')).toHaveLength(1);
    });

    test('requests and limits are set, and the image has a tag that does not move', () => {
      for (const kind of ['requests', 'limits'] as const) {
        expect(Object.keys(container.resources[kind])).toEqual(expect.arrayContaining(['cpu', 'memory']));
      }
      expect(container.image).toMatch(/^registry\.example\.com\/face-analysis-service:\d+\.\d+\.\d+/);
    });
  }),
);

describeRendered('a stopping pod', () => {
  test.each(['cpu', 'gpu', 'keda'])('of %s is given the time that its drain takes', (name) => {
    const documents = overlay(name);
    const pod = podSpecOf(workloadOf(documents));
    const [graceSeconds] = at<number>(pod, 'terminationGracePeriodSeconds');
    const [preStopSeconds] = at<number>(containerOf(documents), 'lifecycle.preStop.sleep.seconds');
    const { shutdownTimeoutMs, requestTimeoutMs } = new Config();
    const endOfWorkersSeconds = 5;
    expect(graceSeconds).toBeGreaterThanOrEqual(
      preStopSeconds + (shutdownTimeoutMs + requestTimeoutMs) / 1000 + endOfWorkersSeconds,
    );
  });

  test('of KServe is given more time than a request may take', () => {
    const [timeoutSeconds] = at<number>(workloadOf(overlay('kserve')).spec, 'predictor.timeout');
    expect(timeoutSeconds).toBeGreaterThan(new Config().requestTimeoutMs / 1000);
  });
});

describeRendered('the three numbers of scaling.yaml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'overlays-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** An overlay whose numbers were changed to 3, 7 and 11. */
  function changed(name: string): Manifest[] {
    cpSync('deploy/kubernetes', folder, { recursive: true });
    const path = join(folder, 'overlays', name, 'scaling.yaml');
    const text = readFileSync(path, 'utf8')
      .replace(/minReplicas: .*/, "minReplicas: '3'")
      .replace(/maxReplicas: .*/, "maxReplicas: '7'")
      .replace(/targetOngoingRequestsPerReplica: .*/, "targetOngoingRequestsPerReplica: '11'");
    writeFileSync(path, text);
    return render(join(folder, 'overlays', name));
  }

  test.each(['cpu', 'gpu'])('reach the autoscaler of %s', (name) => {
    const { spec } = only(changed(name), 'HorizontalPodAutoscaler');
    expect(spec).toMatchObject({ minReplicas: 3, maxReplicas: 7 });
    expect(at(spec, 'metrics.*.pods.target.averageValue').map(String)).toEqual(['11']);
    expect(at(spec, 'metrics.*.pods.metric.name')).toEqual(['face_jobs_in_flight']);
  });

  test('reach KEDA', () => {
    const { spec } = only(changed('keda'), 'ScaledObject');
    expect(spec).toMatchObject({ minReplicaCount: 3, maxReplicaCount: 7 });
    expect(at(spec, 'triggers.0.metadata.threshold')).toEqual(['11']);
  });

  test('reach KServe', () => {
    const { spec } = only(changed('kserve'), 'InferenceService');
    expect(spec).toMatchObject({ predictor: { minReplicas: 3, maxReplicas: 7, scaleTarget: 11 } });
    const [limit] = at<number>(spec, 'predictor.containerConcurrency');
    expect(limit).toBeGreaterThanOrEqual(new Config().inferenceMaxQueue);
  });

  test('are not sent to the cluster themselves', () => {
    for (const name of OVERLAYS)
      expect(overlay(name).map(({ metadata }) => metadata.name)).not.toContain('face-analysis-scaling');
  });
});

describeRendered('the schemas', () => {
  const [deployment] = overlay('cpu').filter(({ kind }) => kind === 'Deployment');
  const [inference] = overlay('kserve').filter(({ kind }) => kind === 'InferenceService');
  const edited = (document: Manifest, edit: (text: string) => string): Manifest =>
    JSON.parse(edit(JSON.stringify(document))) as Manifest;

  test.each([
    ['a wrong type', '"containerPort":8000', '"containerPort":"many"', 'must be integer'],
    ['a missing field', '"containerPort":8000', '"protocol":"TCP"', 'containerPort'],
    [
      'a misspelt field',
      '"readOnlyRootFilesystem"',
      '"readOnlyRootFileSystem"',
      'readOnlyRootFileSystem is unknown',
    ],
  ])('refuse %s, in a Deployment and in an InferenceService', (_, from, to, problem) => {
    for (const document of [deployment, inference])
      expect(problemsOf(edited(document, (text) => text.replace(from, to))).join()).toContain(problem);
  });

  test('refuse what KServe does not know', () => {
    const problems = problemsOf(edited(inference, (text) => text.replace('"scaleTarget"', '"scaleTargets"')));
    expect(problems).toEqual(['spec.scaleTargets is unknown']);
  });

  test('refuse a kind without a schema', () => {
    expect(problemsOf({ ...deployment, apiVersion: 'apps/v2' })).toEqual([
      'no schema for apps/v2 Deployment',
    ]);
  });
});
