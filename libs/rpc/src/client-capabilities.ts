/** What a client says it can read, by parameters of the media types in its `Accept` header. */
import { FlamelakeError } from '@flamelake/model';

export interface ClientCapabilities {
  /** Label names outside `[a-zA-Z_][a-zA-Z0-9_]*` may be listed. */
  readonly utf8LabelNames: boolean;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
const MEDIA_TYPE = new RegExp(`^${TOKEN}(?:/${TOKEN})?(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))*[ \\t]*;?$`);
const UTF8_LABEL_NAMES = /;[ \t]*allow-utf8-labelnames="?true"?[ \t]*(?:;|$)/i;
const ACCEPT_LENGTH_MAX = 4096;

/**
 * Reads the capabilities in an `Accept` header.
 * @throws {FlamelakeError} `invalid_argument` when an item is no media type
 */
export function clientCapabilities(accept: string | undefined): ClientCapabilities {
  let utf8LabelNames = false;
  if (accept === undefined || accept.trim() === '') return { utf8LabelNames };
  if (accept.length > ACCEPT_LENGTH_MAX) {
    throw new FlamelakeError('invalid_argument', 'accept header is too long', { length: accept.length });
  }
  for (const part of accept.split(',')) {
    const item = part.trim();
    if (!MEDIA_TYPE.test(item)) throw new FlamelakeError('invalid_argument', 'accept header is malformed', { item });
    if (UTF8_LABEL_NAMES.test(item)) utf8LabelNames = true;
  }
  return { utf8LabelNames };
}
