/** The body of every error answer. */

/** What is wrong with one field. */
export class FieldErrorDto {
  /** @example "image_url" */
  field!: string;

  /** @example "image_url must be an http, https or s3 URL" */
  message!: string;
}

/** A problem document (RFC 9457), sent as `application/problem+json`. Details of the error may stand beside these members. */
export class ProblemDto {
  /** @example "urn:problem:face-analysis:image_undecodable" */
  type!: string;

  /** @example "The image cannot be decoded" */
  title!: string;

  /** The HTTP status. @example 400 */
  status!: number;

  /** What to do about it. */
  detail!: string;

  /** Stable, machine-readable. @example "image_undecodable" */
  code!: string;

  /** The request's id, which is also in the service's log. */
  request_id!: string;

  /** Validation only: what is wrong with which field. */
  errors?: FieldErrorDto[];
}
