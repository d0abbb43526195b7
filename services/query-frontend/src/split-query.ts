/** Queries as one text: a profile type id in front of a label selector. */
import { FlamelakeError } from '@flamelake/model';

/**
 * Splits `process_cpu:cpu:nanoseconds:cpu:nanoseconds{service_name="x"}`; the selector may be left out.
 * @throws {FlamelakeError} `invalid_argument` on an empty text; type and selector are checked where they are used
 */
export function splitQuery(query: string): { readonly profileTypeId: string; readonly labelSelector: string } {
  const text = query.trim();
  if (text === '') {
    throw new FlamelakeError(
      'invalid_argument',
      'query is missing: a profile type id, then a label selector in braces',
    );
  }
  const brace = text.indexOf('{');
  if (brace < 0) return { profileTypeId: text, labelSelector: '{}' };
  return { profileTypeId: text.slice(0, brace).trim(), labelSelector: text.slice(brace) };
}
