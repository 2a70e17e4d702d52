/** The body of every error response. */

/** What is wrong with one field. */
export class FieldErrorDto {
  /** @example "image_url" */
  field!: string;

  /** @example "image_url must be an http, https or s3 URL" */
  message!: string;
}

/** A problem document (RFC 9457), sent as `application/problem+json`. It may have further members with details of the error. */
export class ProblemDto {
  /** @example "urn:problem:face-analysis:image_undecodable" */
  type!: string;

  /** @example "The image cannot be decoded" */
  title!: string;

  /** The HTTP status. @example 400 */
  status!: number;

  /** What is wrong, and what to do about it. */
  detail!: string;

  /** Stable, machine-readable code. @example "image_undecodable" */
  code!: string;

  /** Id of the request. The service logs it too. */
  request_id!: string;

  /** For validation errors: what is wrong with each field. */
  errors?: FieldErrorDto[];
}
