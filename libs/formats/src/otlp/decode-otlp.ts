/**
 * Decodes OTLP profiles (opentelemetry-proto, package opentelemetry.proto.profiles.v1development, schema v1.8 to v1.11) by hand.
 *
 *     ExportProfilesServiceRequest  1 resource_profiles, 2 dictionary
 *     ResourceProfiles              1 resource, 2 scope_profiles
 *     Resource                      1 attributes
 *     ScopeProfiles                 1 scope, 2 profiles
 *     InstrumentationScope          3 attributes
 *
 * The profiles come before the tables they refer to, so the request is walked first and its profiles are read one by one.
 */
import { FlamelakeError, type Label } from '@flamelake/model';
import { tooMany } from '../pprof-columns.ts';
import { malformed, ProtobufReader } from '../protobuf-reader.ts';
import { readKeyValue } from './otlp-attributes.ts';
import { OtlpDictionary } from './otlp-dictionary.ts';
import { otlpJsonToProto } from './otlp-json.ts';
import { CURRENT_LAYOUT, type Place, type SampleLayout, sampleLayout } from './otlp-layout.ts';
import { isMessage, type OtlpProfile, OtlpProfileReader } from './otlp-profile.ts';
import type { OtlpSampleLimits } from './otlp-samples.ts';
import { createWorkBudget } from './work-budget.ts';

/** Resources, scopes and profiles, each. */
const PROFILES_MAX = 65_536;
const ATTRIBUTES_MAX = 1_000_000;

/** A profile of a request, or why it is none. */
export interface OtlpMember {
  /** Ordinal of the resource it belongs to: of one sender, mostly. */
  readonly resource: number;
  /** Attributes of the resource, then of the scope, as sent; names may occur twice. */
  readonly attributes: readonly Label[];
  /** The profile as sent: a view into the request. */
  readonly bytes: Uint8Array;
  /** @throws {FlamelakeError} `invalid_argument` when this profile, or something it uses, is wrong; others may be sound */
  read(): OtlpProfile;
}

export interface OtlpRequest {
  /** The shared tables as sent: views into the request. */
  readonly dictionary: readonly Uint8Array[];
  readonly members: readonly OtlpMember[];
}

/** Attributes of a resource or scope, or what is wrong with them. */
type Attributes = readonly Label[] | FlamelakeError;

interface FoundProfile extends Place {
  readonly ordinal: number;
  readonly resource: Attributes;
  readonly scope: Attributes;
}

/**
 * @param body - an uncompressed ExportProfilesServiceRequest, read in place: it must stay as it is while members are read
 * @throws {FlamelakeError} `invalid_argument` when the bytes are no such message or hold more than the limits allow
 */
export function decodeOtlp(body: Uint8Array, form: 'proto' | 'json', limits: OtlpSampleLimits): OtlpRequest {
  return form === 'proto' ? decode(body, undefined, limits) : decode(otlpJsonToProto(body), CURRENT_LAYOUT, limits);
}

/** @param known - layout of the samples; undefined is to be found out */
function decode(body: Uint8Array, known: SampleLayout | undefined, limits: OtlpSampleLimits): OtlpRequest {
  const reader = new ProtobufReader(body);
  const dictionary = new OtlpDictionary(reader);
  const places: Place[] = [];
  walk(reader, 0, body.length, (tag, start, end) => {
    if (isMessage(tag, 2)) dictionary.read(start, end);
    else if (isMessage(tag, 1) && places.push({ start, end }) > PROFILES_MAX) {
      throw tooMany('otlp resources', PROFILES_MAX);
    }
  });
  const found = new ProfileFinder(dictionary).find(places);
  const sizes = { attributes: dictionary.count('attributes'), links: dictionary.count('links') };
  const layout = known ?? sampleLayout(reader, found, sizes);
  const profiles = new OtlpProfileReader(dictionary, layout, limits, createWorkBudget(body.length));
  return {
    dictionary: dictionary.parts,
    members: found.map(({ start, end, ordinal, resource, scope }) => ({
      resource: ordinal,
      attributes: [resource, scope].flatMap((attributes) => (attributes instanceof FlamelakeError ? [] : attributes)),
      bytes: body.subarray(start, end),
      read() {
        if (resource instanceof FlamelakeError) throw resource;
        if (scope instanceof FlamelakeError) throw scope;
        return profiles.read({ start, end });
      },
    })),
  };
}

class ProfileFinder {
  readonly #dictionary: OtlpDictionary;
  readonly #found: FoundProfile[] = [];
  #attributeCount = 0;
  #scopeCount = 0;

  constructor(dictionary: OtlpDictionary) {
    this.#dictionary = dictionary;
  }

  /** Profiles below messages ResourceProfiles. */
  find(places: readonly Place[]): readonly FoundProfile[] {
    for (const [ordinal, { start, end }] of places.entries()) this.#inResource(start, end, ordinal);
    return this.#found;
  }

  #inResource(start: number, end: number, ordinal: number): void {
    const { reader } = this.#dictionary;
    let resource: Attributes = [];
    const scopes: Place[] = [];
    walk(reader, start, end, (tag, from, until) => {
      if (isMessage(tag, 1)) resource = this.#attributes(from, until, 1);
      else if (isMessage(tag, 2) && ++this.#scopeCount <= PROFILES_MAX) scopes.push({ start: from, end: until });
      if (this.#scopeCount > PROFILES_MAX) throw tooMany('otlp scopes', PROFILES_MAX);
    });
    for (const scope of scopes) this.#inScope(scope, resource, ordinal);
  }

  #inScope(place: Place, resource: Attributes, ordinal: number): void {
    const { reader } = this.#dictionary;
    let scope: Attributes = [];
    const profiles: Place[] = [];
    walk(reader, place.start, place.end, (tag, start, end) => {
      if (isMessage(tag, 1)) scope = this.#attributes(start, end, 3);
      else if (isMessage(tag, 2)) profiles.push({ start, end });
      if (this.#found.length + profiles.length > PROFILES_MAX) throw tooMany('otlp profiles', PROFILES_MAX);
    });
    for (const { start, end } of profiles) this.#found.push({ start, end, ordinal, resource, scope });
  }

  /** The repeated KeyValue field of a message. What is wrong with one concerns only the profiles below it. */
  #attributes(start: number, end: number, field: number): Attributes {
    const { reader } = this.#dictionary;
    const places: Place[] = [];
    walk(reader, start, end, (tag, from, until) => {
      if (!isMessage(tag, field)) return;
      if (++this.#attributeCount > ATTRIBUTES_MAX) throw tooMany('otlp attributes', ATTRIBUTES_MAX);
      places.push({ start: from, end: until });
    });
    try {
      return places.flatMap((place) => readKeyValue(this.#dictionary, place.start, place.end) ?? []);
    } catch (error) {
      if (error instanceof FlamelakeError) return error;
      throw error;
    } finally {
      reader.at = end;
    }
  }
}

/** Calls `visit` for each field with its tag and, of one with a length, where its bytes are. */
function walk(
  reader: ProtobufReader,
  start: number,
  end: number,
  visit: (tag: number, start: number, end: number) => void,
): void {
  reader.at = start;
  while (reader.at < end) {
    const tag = reader.varint();
    if ((tag & 7) !== 2) {
      reader.skip(tag, end);
      continue;
    }
    if (tag >>> 3 === 0) throw malformed('profile field has number zero', reader.at);
    const fieldEnd = reader.fieldEnd(end);
    visit(tag, reader.at, fieldEnd);
    reader.at = fieldEnd;
  }
  if (reader.at !== end) throw malformed('otlp request is cut short', reader.at);
}
