/**
 * Metadata of a chunk: the classes of its events and constants, with their fields. An event of type 0 holds a string table and a
 * tree of elements: name, attributes, children, all strings by index.
 */
import { type JfrReader, malformedJfr } from './jfr-reader.ts';

const STRINGS_MAX = 100_000;
const ELEMENTS_MAX = 200_000;
const DEPTH_MAX = 16;

export interface JfrField {
  readonly name: string;
  readonly typeId: number;
  /** The value is the id of a constant. */
  readonly isConstant: boolean;
  readonly isArray: boolean;
}

export interface JfrClass {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly JfrField[];
}

export interface JfrMetadata {
  readonly byId: ReadonlyMap<number, JfrClass>;
  readonly byName: ReadonlyMap<string, JfrClass>;
}

/**
 * @param reader - at the event
 * @throws {FlamelakeError} `invalid_argument` when no metadata stand here
 */
export function readMetadata(reader: JfrReader): JfrMetadata {
  reader.varint();
  if (reader.varint() !== 0) throw malformedJfr('metadata of a recording are not where they should be');
  for (let i = 0; i < 3; i++) reader.varint();
  const count = reader.count();
  if (count > STRINGS_MAX)
    throw malformedJfr('metadata of a recording are too long', { strings: count, limit: STRINGS_MAX });
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(reader.string(() => ''));
  const classes: JfrClass[] = [];
  readElement({ reader, strings, classes, elements: 0 }, 0);
  return {
    byId: new Map(classes.map((one) => [one.id, one])),
    byName: new Map(classes.map((one) => [one.name, one])),
  };
}

interface Tree {
  readonly reader: JfrReader;
  readonly strings: readonly string[];
  readonly classes: JfrClass[];
  elements: number;
}

/** Reads an element and all below it; returns the field it is, if it is one. */
function readElement(tree: Tree, depth: number): JfrField | undefined {
  const { reader, strings } = tree;
  if (depth > DEPTH_MAX || ++tree.elements > ELEMENTS_MAX) throw malformedJfr('metadata of a recording are too long');
  const text = () => strings[reader.varint()] ?? '';
  const name = text();
  const attributes = new Map<string, string>();
  for (let left = reader.count(); left > 0; left--) {
    const key = text();
    attributes.set(key, text());
  }
  const fields: JfrField[] = [];
  for (let left = reader.count(); left > 0; left--) {
    const field = readElement(tree, depth + 1);
    if (field !== undefined) fields.push(field);
  }
  if (name === 'class')
    tree.classes.push({ id: idOf(attributes.get('id')), name: attributes.get('name') ?? '', fields });
  if (name !== 'field') return undefined;
  return {
    name: attributes.get('name') ?? '',
    typeId: idOf(attributes.get('class')),
    isConstant: attributes.get('constantPool') === 'true',
    isArray: Number(attributes.get('dimension') ?? 0) > 0,
  };
}

function idOf(text: string | undefined): number {
  const id = Number(text);
  if (text === undefined || !Number.isInteger(id))
    throw malformedJfr('metadata of a recording have a bad id', { id: (text ?? '').slice(0, 32) });
  return id;
}
