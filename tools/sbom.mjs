/**
 * Prints the software bill of materials (CycloneDX, JSON): npm's own for the packages of a production install, plus the models of
 * the default pack, with source, licence and SHA-256 from its pack.json.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const PACK = 'default';

/** All graphs in the manifest, by role. */
function modelsOf({ models, sources, licence }) {
  return Object.entries(models).flatMap(([role, model]) =>
    [
      [role, model],
      [`${role}, 8 bits`, model.onCpu],
    ].flatMap(([name, graph]) => {
      if (graph === undefined) return [];
      const source = sources[model.build?.source];
      return {
        type: 'machine-learning-model',
        'bom-ref': `model:${PACK}/${graph.file}`,
        name: `${PACK}/${graph.file}`,
        description: `Model for ${name}.`,
        ...(graph.sha256 && { hashes: [{ alg: 'SHA-256', content: graph.sha256 }] }),
        licenses: [{ license: { name: model.provenance?.licence ?? source?.licence ?? licence } }],
        properties: [
          {
            name: 'face-analysis:source',
            value:
              source === undefined ? `made for this pack, see models/${PACK}/cards` : `npm ${source.package}`,
          },
        ],
      };
    }),
  );
}

const npm = [
  'sbom',
  '--sbom-format=cyclonedx',
  '--sbom-type=application',
  '--omit=dev',
  '--package-lock-only',
];
const bom = JSON.parse(
  execFileSync('npm', npm, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }),
);
// npm uses the name of the folder.
bom.metadata.component.name = read('package.json').name;
bom.components.push(...modelsOf(read(`models/${PACK}/pack.json`)));
console.log(JSON.stringify(bom, undefined, 2));
