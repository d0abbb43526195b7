/** The usual way to decode pprof: protobufjs, with the code that its static target would write to a file. */
import protobuf from 'protobufjs';

/** Fields of a message: name, number, type; `*` marks a repeated one. */
const SCHEMA = {
  Profile:
    '*sampleType 1 ValueType, *sample 2 Sample, *mapping 3 Mapping, *location 4 Location, *function 5 Function, *stringTable 6 string, dropFrames 7 int64, keepFrames 8 int64, timeNanos 9 int64, durationNanos 10 int64, periodType 11 ValueType, period 12 int64, *comment 13 int64, defaultSampleType 14 int64',
  ValueType: 'type 1 int64, unit 2 int64',
  Sample: '*locationId 1 uint64, *value 2 int64, *label 3 Label',
  Label: 'key 1 int64, str 2 int64, num 3 int64, numUnit 4 int64',
  Mapping:
    'id 1 uint64, memoryStart 2 uint64, memoryLimit 3 uint64, fileOffset 4 uint64, filename 5 int64, buildId 6 int64, hasFunctions 7 bool, hasFilenames 8 bool, hasLineNumbers 9 bool, hasInlineFrames 10 bool',
  Location: 'id 1 uint64, mappingId 2 uint64, address 3 uint64, *line 4 Line, isFolded 5 bool',
  Line: 'functionId 1 uint64, line 2 int64',
  Function: 'id 1 uint64, name 2 int64, systemName 3 int64, filename 4 int64, startLine 5 int64',
};

/** @returns decodes an uncompressed pprof into objects */
export function protobufjsDecoder(): (pprof: Uint8Array) => unknown {
  const root = new protobuf.Root();
  for (const [name, fields] of Object.entries(SCHEMA)) {
    const message = new protobuf.Type(name);
    for (const field of fields.split(', ')) {
      const [label, id, type] = field.split(' ') as [string, string, string];
      const isRepeated = label.startsWith('*');
      message.add(new protobuf.Field(label.replace('*', ''), Number(id), type, isRepeated ? 'repeated' : undefined));
    }
    root.add(message);
  }
  const profile = root.lookupType('Profile').setup();
  return (pprof) => profile.decode(pprof);
}
