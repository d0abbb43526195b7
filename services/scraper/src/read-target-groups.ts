/** Groups of targets with labels, as static-configs, files and HTTP answers have them. */
import { parse as parseYaml } from 'yaml';
import { eachOf, fieldsOf, inside, listOf, malformed, type Place, scalarOf, textsOf } from './config-fields.ts';
import type { TargetGroup } from './scrape-config.ts';

export function readTargetGroup(value: unknown, place: Place): TargetGroup {
  const fields = fieldsOf(value, ['targets', 'labels'], place);
  return {
    targets: eachOf(fields, 'targets', place, scalarOf),
    labels: textsOf(fields.labels, inside(place, 'labels')),
  };
}

/**
 * Reads a list of groups; JSON is YAML, too.
 * @param source - file or URL, named in errors
 * @throws {FlamelakeError} `invalid_argument` naming the key
 */
export function readTargetGroups(text: string, source: string): TargetGroup[] {
  const place = { file: source, key: '' };
  let content: unknown;
  try {
    // Most lists are JSON, which is read a hundred times as fast.
    content = /^\s*\[\s*[\]{]/.test(text) ? parseJson(text) : parseYaml(text);
  } catch (cause) {
    throw malformed(place, 'YAML or JSON', cause);
  }
  return listOf(content, place).map((group, number) => readTargetGroup(group, inside(place, number)));
}

/** What is no JSON may be YAML all the same. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseYaml(text);
  }
}
