/** Draws one uploaded file, or two side by side. */
import { FlamelakeError } from '@flamelake/model';
import { renderDiff, renderFlamegraph } from '@flamelake/query';
import { flamebearerJson } from '../http/flamebearer.ts';
import { type FileProfile, type ProfileFile, readProfileFile } from './read-file.ts';

export interface DrawTask {
  /** One file, or left and right of a diff. */
  readonly files: readonly UploadedFile[];
  readonly profileType: string | undefined;
  readonly maxNodes: number;
}

export interface UploadedFile {
  readonly name: string;
  /** As uploaded. */
  readonly bytes: Uint8Array;
}

export interface DrawnFiles {
  /** Types all the files have. */
  readonly profileTypes: readonly string[];
  /** The type drawn. */
  readonly profileType: string;
  /** Flamebearer JSON. */
  readonly json: string;
}

/** @throws {FlamelakeError} `invalid_argument` when a file cannot be read, or has no such type */
export async function drawFiles({ files, profileType, maxNodes }: DrawTask): Promise<DrawnFiles> {
  const read = files.map(({ name, bytes }) => readProfileFile(name, bytes));
  const profileTypes = typesInAll(read);
  const [first] = read;
  const type = profileType ?? (profileTypes.includes(first?.defaultType ?? '') ? first?.defaultType : profileTypes[0]);
  if (type === undefined || !profileTypes.includes(type)) {
    throw new FlamelakeError('invalid_argument', 'profile type is not in the files', {
      profileType: (type ?? '').slice(0, 256),
      types: profileTypes.join(' '),
    });
  }
  const [left, right] = read.map((file) => profileOf(file, type));
  if (left === undefined) throw new FlamelakeError('internal', 'no file is drawn');
  const graph =
    right === undefined ? renderFlamegraph(left.tree, maxNodes) : renderDiff(left.tree, right.tree, maxNodes);
  const typeId = `ad_hoc:${word(left.sampleType)}:${word(left.sampleUnit)}::`;
  return { profileTypes, profileType: type, json: await flamebearerJson(graph, typeId, {}) };
}

function typesInAll([first, ...others]: readonly ProfileFile[]): readonly string[] {
  const types = first?.profiles.map(({ type }) => type) ?? [];
  return types.filter((type) => others.every((file) => file.profiles.some((one) => one.type === type)));
}

function profileOf({ profiles }: ProfileFile, type: string): FileProfile {
  const found = profiles.find((one) => one.type === type);
  if (found === undefined) throw new FlamelakeError('internal', 'profile type was looked for and is gone', { type });
  return found;
}

/** Colons part the words of a profile type. */
function word(text: string): string {
  return text.replaceAll(':', '_');
}
