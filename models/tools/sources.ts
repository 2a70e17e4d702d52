/** Where the graphs of a pack come from: `sources` and each model's `build` in pack.json. */
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, IsUrl, Matches, Min } from 'class-validator';
import { type Transform, TRANSFORM_NAMES } from './apply-transforms.js';

const SHA256 = /^[0-9a-f]{64}$/;

/** An npm package that holds graphs. */
export class PackageSource {
  /** Name and exact version. */
  @Matches(/^(@[\w.-]+\/)?[\w.-]+@\d[\w.+-]*$/)
  package!: string;

  /** Subresource integrity of the tarball, as npm writes it. */
  @Matches(/^sha512-[A-Za-z0-9+/]{86}==$/)
  integrity!: string;

  /** Size of the tarball in bytes; only used to show progress. */
  @IsInt()
  @Min(1)
  bytes!: number;
}

/** A zip archive of graphs, or a single graph, at a URL. It is fetched only after its licence was accepted. */
export class Download {
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  url!: string;

  /** SHA-256 of the download, in hexadecimal; missing where it was never published. */
  @IsOptional()
  @Matches(SHA256)
  sha256?: string;

  /** Size in bytes; missing where it is not known. */
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

/** How a graph of the pack is made. */
export class Build {
  /** Name in `sources`; without it, the graph is made from a file that comes with the pack. */
  @IsOptional()
  @IsString()
  source?: string;

  /** Path of the file inside the package or the pack; inside an archive, its name is enough. */
  @IsNotEmpty()
  path!: string;

  /** Steps that change the graph; without any, it is used unchanged. */
  transforms: Transform[] = [];
}

/** The part of a transform that is checked when pack.json is read. */
export class TransformName {
  @IsIn(TRANSFORM_NAMES)
  op!: string;
}

/** One graph of the pack. */
export class PackFile {
  /** Path inside the pack's folder. */
  @Matches(/^(\w[\w.-]*\/)*\w[\w.-]*\.onnx$/)
  file!: string;

  /** SHA-256 of the finished file, in hexadecimal: from pack.json, or else from the record of its installation. */
  @IsOptional()
  @Matches(SHA256)
  sha256?: string;

  /** Missing for a file that comes with the pack. */
  build?: Build;

  /** Whether it is a graph that a CPU runs instead of another. */
  forCpu = false;
}
