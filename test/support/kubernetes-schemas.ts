/**
 * Whether a document is what the API server of its kind would take, unknown fields included.
 *
 * The schemas are those of Kubernetes and of the operators, compiled in the `kubernetes-models` packages. KServe has no
 * such package: of an InferenceService the pod part is checked as a pod, and the rest against the fields used here.
 */
import { createRequire } from 'node:module';
import type { Model } from '@kubernetes-models/base';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Pod, Service, ServiceAccount } from 'kubernetes-models/v1';
import type { Manifest } from './rendered-manifests.js';

interface Kind {
  readonly prototype: Pick<Model<unknown>, 'validate'>;
}

const require = createRequire(import.meta.url);
const { ScaledObject } = require('@kubernetes-models/keda/keda.sh/v1alpha1') as Record<string, Kind>;
const { PrometheusRule, ServiceMonitor } =
  require('@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1') as Record<string, Kind>;

const KINDS: Readonly<Record<string, Kind>> = {
  'apps/v1 Deployment': Deployment,
  'autoscaling/v2 HorizontalPodAutoscaler': HorizontalPodAutoscaler,
  'keda.sh/v1alpha1 ScaledObject': ScaledObject,
  'monitoring.coreos.com/v1 PrometheusRule': PrometheusRule,
  'monitoring.coreos.com/v1 ServiceMonitor': ServiceMonitor,
  'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy,
  'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  'v1 ConfigMap': ConfigMap,
  'v1 Pod': Pod,
  'v1 Service': Service,
  'v1 ServiceAccount': ServiceAccount,
};

/** Fields of KServe's ComponentExtensionSpec (serving.kserve.io/v1beta1) that may be used, and what they hold. */
const PREDICTOR: Readonly<Record<string, (value: unknown) => boolean>> = {
  minReplicas: isCount,
  maxReplicas: isCount,
  scaleTarget: isCount,
  scaleMetric: (value) => ['concurrency', 'rps', 'cpu', 'memory'].includes(String(value)),
  containerConcurrency: isCount,
  timeout: isCount,
  labels: (value) => typeof value === 'object',
};

/** What is wrong with a document: nothing, or one sentence for each violation. */
export function problemsOf(document: Manifest): string[] {
  if (document.apiVersion === 'serving.kserve.io/v1beta1') return problemsOfInferenceService(document);
  const name = `${document.apiVersion} ${document.kind}`;
  const kind = KINDS[name];
  return kind === undefined ? [`no schema for ${name}`] : violations(kind, document);
}

function problemsOfInferenceService({ spec, ...document }: Manifest): string[] {
  const { predictor, ...others } = spec as { predictor: Record<string, unknown> };
  const entries = Object.entries(predictor);
  const pod = Object.fromEntries(entries.filter(([field]) => !(field in PREDICTOR)));
  return [
    ...Object.keys(others).map((field) => `spec.${field} is unknown`),
    ...entries
      .filter(([field, value]) => field in PREDICTOR && !PREDICTOR[field](value))
      .map(([field, value]) => `spec.predictor.${field} cannot be ${JSON.stringify(value)}`),
    ...violations(Pod, { ...document, apiVersion: 'v1', kind: 'Pod', spec: pod }),
  ];
}

/** The compiled schemas pass unknown fields over; but they look at every field that they know. */
function violations(kind: Kind, document: Manifest): string[] {
  const unread = new Set<string>();
  try {
    // Not `new kind(document).validate()`: the constructor copies, and would read every field.
    kind.prototype.validate.call(watched(document, '', unread));
  } catch (error) {
    return [(error as Error).message];
  }
  const paths = [...unread];
  return paths
    .filter((path) => !paths.some((other) => path.startsWith(`${other}.`)))
    .map((path) => `${path} is unknown`);
}

/** The same value, whose fields stay in `unread` until somebody reads them. */
function watched<T extends object>(value: T, prefix: string, unread: Set<string>): T {
  const fields = Object.entries(value).map(([key, field]: [string, unknown]) => {
    unread.add(prefix + key);
    return [key, isTree(field) ? watched(field, `${prefix}${key}.`, unread) : field];
  });
  const copy: object = Array.isArray(value) ? [] : {};
  return new Proxy(Object.assign(copy, Object.fromEntries(fields)) as T, {
    get(target, key) {
      if (typeof key === 'string') unread.delete(prefix + key);
      return Reflect.get(target, key) as unknown;
    },
  });
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}
