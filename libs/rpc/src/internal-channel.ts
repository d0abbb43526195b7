/** What both ends of an internal connection agree on. */

/** PEM texts: each side shows its certificate and believes those of `ca`. */
export interface InternalTls {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
  /** Name the server's certificate is for, where its address is not that name. */
  readonly serverName?: string;
}

/** Largest message, 129 MiB: a partial result of 128 MiB and its frame. */
export const MESSAGE_BYTES_MAX = 135_266_304;
