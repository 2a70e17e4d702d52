/** Where the graphs of a pack come from: the `sources`, and the `build` of each model, of a pack.json. */
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, IsUrl, Matches, Min } from 'class-validator';
import { type Transform, TRANSFORM_NAMES } from './apply-transforms.js';

const SHA256 = /^[0-9a-f]{64}$/;

/** An npm package that holds graphs. */
export class PackageSource {
  /** Name and exact version. */
  @Matches(/^(@[\w.-]+\/)?[\w.-]+@\d[\w.+-]*$/)
  package!: string;

  /** Subresource integrity of its tarball, as npm writes it. */
  @Matches(/^sha512-[A-Za-z0-9+/]{86}==$/)
  integrity!: string;

  /** Size of its tarball in bytes; only used to show progress. */
  @IsInt()
  @Min(1)
  bytes!: number;
}

/** A zip archive of graphs, or a single graph, at an address; fetched only for who accepts its licence. */
export class Download {
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  url!: string;

  /** SHA-256 of what is there, in hexadecimal; missing where nobody has published it. */
  @IsOptional()
  @Matches(SHA256)
  sha256?: string;

  /** Its size in bytes; missing where it is not known. */
  @IsOptional()
  @IsInt()
  @Min(1)
  bytes?: number;

  /** Name of the licence, and what it allows in a few words. */
  @IsNotEmpty()
  licence!: string;

  /** Where the licence can be read. */
  @IsUrl()
  licenceUrl!: string;
}

export type Source = PackageSource | Download;

/** How a file of the pack is made. */
export class Build {
  /** Key of `sources`; missing: it is made from a file that comes with the pack. */
  @IsOptional()
  @IsString()
  source?: string;

  /** File inside the package, or the pack, relative to its root; name of the file inside an archive. */
  @IsNotEmpty()
  path!: string;

  /** Steps that change the graph; none: it is used as it is. */
  transforms: Transform[] = [];
}

/** The part of a transform that is checked before it is applied. */
export class TransformName {
  @IsIn(TRANSFORM_NAMES)
  op!: string;
}

/** One graph of the pack. */
export class PackFile {
  /** Path inside the pack's folder. */
  @Matches(/^(\w[\w.-]*\/)*\w[\w.-]*\.onnx$/)
  file!: string;

  /** SHA-256 of the finished file, in hexadecimal; from pack.json, else as noted when it was installed. */
  @IsOptional()
  @Matches(SHA256)
  sha256?: string;

  /** Missing where the file comes with the pack. */
  build?: Build;

  /** Whether it is what a CPU runs in place of another. */
  forCpu = false;
}
