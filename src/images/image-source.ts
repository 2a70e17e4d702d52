/** Where a picture comes from, before anything is known about it. */

/** Where a picture comes from; `field` is the request field named in errors (image_base64, image1_url, image, body …). */
export type ImageSource =
  | { readonly kind: 'base64'; readonly field: string; readonly text: string }
  /** http, https or s3. */
  | { readonly kind: 'url'; readonly field: string; readonly url: string }
  /** A multipart or raw upload. */
  | { readonly kind: 'bytes'; readonly field: string; readonly bytes: Uint8Array };
