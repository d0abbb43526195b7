/**
 * Answers of the OTLP profiles service, in the request's own encoding.
 *
 *     ExportProfilesServiceResponse  1 partial_success
 *     ExportProfilesPartialSuccess   1 rejected_profiles, 2 error_message
 *     google.rpc.Status              1 code, 2 message: the body of an HTTP error
 */
import { ByteWriter } from '@flamelake/formats';
import { CODE_MEANINGS, describeError, type FlamelakeError } from '@flamelake/model';
import type { BodyForm } from '@flamelake/rpc';

export interface PartialSuccess {
  readonly rejectedProfiles: number;
  readonly message: string;
}

/** Empty when all was accepted without a word. */
export function encodeOtlpResponse({ rejectedProfiles, message }: PartialSuccess, form: BodyForm): Uint8Array {
  const isWhole = rejectedProfiles === 0 && message === '';
  if (form === 'json') {
    const partialSuccess = { rejectedProfiles: String(rejectedProfiles), errorMessage: message };
    return Buffer.from(JSON.stringify(isWhole ? {} : { partialSuccess }));
  }
  if (isWhole) return new Uint8Array(0);
  const inner = numberAndText(rejectedProfiles, message);
  const out = new ByteWriter();
  out.uint8(0x0a);
  out.varint(inner.length);
  out.bytes(inner);
  return out.view();
}

export function encodeStatus(error: FlamelakeError, form: BodyForm): Uint8Array {
  const code = CODE_MEANINGS[error.code].grpc;
  const message = describeError(error);
  return form === 'json' ? Buffer.from(JSON.stringify({ code, message })) : numberAndText(code, message);
}

/** A message of a number 1 and a text 2. */
function numberAndText(number: number, text: string): Uint8Array {
  const out = new ByteWriter();
  if (number !== 0) {
    out.uint8(0x08);
    out.varint(number);
  }
  out.uint8(0x12);
  out.text(text);
  return out.view();
}
