/** adhocprofiles.v1: files that people upload to look at. */
import { decodeFlameGraph, type FlameGraph } from '../flame/flame-graph.ts';
import { type Caller, callService, NODES_MAX } from './querier.ts';

const SERVICE = 'adhocprofiles.v1.AdHocProfileService';

export interface UploadedFile {
  readonly id: string;
  readonly name: string;
  readonly uploadedMs: number;
}

/** A drawn file, or two of them. */
export interface DrawnFile {
  readonly types: readonly string[];
  readonly type: string;
  readonly unit: string;
  readonly graph: FlameGraph;
}

interface WireDrawn {
  readonly id?: string;
  readonly profileType?: string;
  readonly profileTypes?: readonly string[];
  /** A document within the document. */
  readonly flamebearerProfile?: string;
}

interface Flamebearer {
  readonly flamebearer: { readonly names: readonly string[]; readonly levels: readonly (readonly number[])[] };
  readonly metadata: { readonly sampleRate: number; readonly units: string; readonly name: string };
  readonly leftTicks?: number;
  readonly rightTicks?: number;
}

export async function listFiles(caller: Caller): Promise<readonly UploadedFile[]> {
  const { profiles = [] } = await callService<{
    profiles?: readonly { readonly id: string; readonly name?: string; readonly uploadedAt?: string }[];
  }>(caller, SERVICE, 'List', {});
  return profiles.map(({ id, name = '', uploadedAt = '0' }) => ({ id, name, uploadedMs: Number(uploadedAt) }));
}

/** @returns id of the file */
export async function uploadFile(caller: Caller, file: File): Promise<string> {
  const profile = await base64Of(file);
  const { id = '' } = await callService<WireDrawn>(caller, SERVICE, 'Upload', {
    name: file.name,
    profile,
    maxNodes: 1,
  });
  return id;
}

export async function deleteFile(caller: Caller, id: string): Promise<void> {
  await callService(caller, SERVICE, 'Delete', { id });
}

export async function drawFile(
  caller: Caller,
  id: string,
  type: string,
  detail: keyof typeof NODES_MAX,
): Promise<DrawnFile> {
  const message = { id, ...(type !== '' && { profileType: type }), maxNodes: NODES_MAX[detail] };
  return drawnOf(await callService<WireDrawn>(caller, SERVICE, 'Get', message));
}

export async function drawFileDiff(
  caller: Caller,
  ids: readonly [left: string, right: string],
  type: string,
  detail: keyof typeof NODES_MAX,
): Promise<DrawnFile> {
  const [leftId, rightId] = ids;
  const message = { leftId, rightId, ...(type !== '' && { profileType: type }), maxNodes: NODES_MAX[detail] };
  return drawnOf(await callService<WireDrawn>(caller, SERVICE, 'Diff', message));
}

function drawnOf({ profileType = '', profileTypes = [], flamebearerProfile = '{}' }: WireDrawn): DrawnFile {
  const { flamebearer, metadata, leftTicks, rightTicks } = JSON.parse(flamebearerProfile) as Flamebearer;
  const sides = leftTicks === undefined ? {} : { leftTicks: String(leftTicks), rightTicks: String(rightTicks) };
  const levels = flamebearer.levels.map((values) => ({ values }));
  const isTime = metadata.units === 'samples' && metadata.sampleRate === 1_000_000_000;
  return {
    types: profileTypes,
    type: profileType === '' ? (profileTypes[0] ?? '') : profileType,
    unit: isTime ? 'nanoseconds' : metadata.units,
    graph: decodeFlameGraph({ names: flamebearer.names, levels, ...sides }),
  };
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const parts: string[] = [];
  // Three bytes are four letters: whole threes in a part.
  const step = 0x6000;
  for (let at = 0; at < bytes.length; at += step)
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + step))));
  return parts.join('');
}
