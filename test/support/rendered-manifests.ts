/** The overlays of deploy/kubernetes as `kubectl apply -k` would send them. */
import { spawnSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';

export const OVERLAYS = ['cpu', 'gpu', 'keda', 'kserve'] as const;

/** A document of a manifest; what is deeper than this, a test reads with `at`. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly [field: string]: unknown;
}

/** Why nothing can be rendered here; undefined where it can. Replacements came with kustomize 4.2, Debian 12 has 2.0. */
export const noKubectl = ((): string | undefined => {
  const { stdout, status } = spawnSync('kubectl', ['version', '--client', '--output=json'], {
    encoding: 'utf8',
  });
  if (status !== 0) return 'no kubectl';
  const { kustomizeVersion } = JSON.parse(stdout) as { kustomizeVersion?: string };
  return kustomizeVersion?.startsWith('v5.') ? undefined : 'the kustomize of this kubectl is older than 5';
})();

if (noKubectl !== undefined) process.stderr.write(`skipped: ${noKubectl}\n`);

/** `describe` where kubectl is at hand; elsewhere one skipped test that says why, for Jest runs the body even to skip it. */
export function describeRendered(name: string, tests: () => void): void {
  if (noKubectl === undefined) describe(name, tests);
  else test.skip(`${name} (skipped: ${noKubectl})`, () => undefined);
}

/** The documents of a folder with a kustomization. */
export function render(folder: string): Manifest[] {
  const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', folder], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

/** The documents of an overlay. */
export function overlay(name: string): Manifest[] {
  return render(`deploy/kubernetes/overlays/${name}`);
}

/** All values at a path such as `spec.template.spec.containers.*.image`; `*` stands for every item or field. */
export function at<T = unknown>(value: unknown, path: string): T[] {
  const steps = path === '' ? [] : path.split('.');
  let found: unknown[] = [value];
  for (const step of steps) {
    found = found.flatMap((item) => {
      if (typeof item !== 'object' || item === null) return [];
      return step === '*' ? (Object.values(item) as unknown[]) : [(item as Record<string, unknown>)[step]];
    });
  }
  return found.filter((item) => item !== undefined) as T[];
}

/** The pod specification of a document that makes pods. */
export function podSpecOf({ kind, spec }: Manifest): unknown {
  if (kind === 'Deployment') return at(spec, 'template.spec')[0];
  return kind === 'InferenceService' ? at(spec, 'predictor')[0] : undefined;
}

/** The labels of its pods. */
export function podLabelsOf({ kind, spec }: Manifest): Record<string, string> | undefined {
  if (kind === 'Deployment') return at<Record<string, string>>(spec, 'template.metadata.labels')[0];
  return kind === 'InferenceService' ? at<Record<string, string>>(spec, 'predictor.labels')[0] : undefined;
}
