/** The usual way to decode pprof and OTLP: protobufjs, with the code that its static target would write to a file. */
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

/** opentelemetry-proto v1.10; what is a oneof there is single fields here. */
const OTLP_SCHEMA = {
  Request: '*resourceProfiles 1 ResourceProfiles, dictionary 2 Dictionary',
  ResourceProfiles: 'resource 1 Resource, *scopeProfiles 2 ScopeProfiles, schemaUrl 3 string',
  Resource: '*attributes 1 KeyValue, droppedAttributesCount 2 uint32',
  ScopeProfiles: 'scope 1 Scope, *profiles 2 Profile, schemaUrl 3 string',
  Scope: 'name 1 string, version 2 string, *attributes 3 KeyValue',
  Profile:
    'sampleType 1 ValueType, *samples 2 Sample, timeUnixNano 3 fixed64, durationNano 4 uint64, periodType 5 ValueType, period 6 int64, profileId 7 bytes, *attributeIndices 11 int32',
  ValueType: 'typeStrindex 1 int32, unitStrindex 2 int32',
  Sample:
    'stackIndex 1 int32, *attributeIndices 2 int32, linkIndex 3 int32, *values 4 int64, *timestampsUnixNano 5 fixed64',
  Dictionary:
    '*mappingTable 1 Mapping, *locationTable 2 Location, *functionTable 3 Function, *linkTable 4 Link, *stringTable 5 string, *attributeTable 6 KeyValueAndUnit, *stackTable 7 Stack',
  Mapping:
    'memoryStart 1 uint64, memoryLimit 2 uint64, fileOffset 3 uint64, filenameStrindex 4 int32, *attributeIndices 5 int32',
  Location: 'mappingIndex 1 int32, address 2 uint64, *lines 3 Line, *attributeIndices 4 int32',
  Line: 'functionIndex 1 int32, line 2 int64, column 3 int64',
  Function: 'nameStrindex 1 int32, systemNameStrindex 2 int32, filenameStrindex 3 int32, startLine 4 int64',
  Link: 'traceId 1 bytes, spanId 2 bytes',
  Stack: '*locationIndices 1 int32',
  KeyValueAndUnit: 'keyStrindex 1 int32, value 2 AnyValue, unitStrindex 3 int32',
  KeyValue: 'key 1 string, value 2 AnyValue, keyStrindex 3 int32',
  AnyValue: 'stringValue 1 string, intValue 3 int64, stringValueStrindex 8 int32',
};

/** @returns decodes an uncompressed pprof into objects */
export function protobufjsDecoder(): (pprof: Uint8Array) => unknown {
  return decoderOf(SCHEMA, 'Profile');
}

/** @returns decodes an OTLP profiles request into objects */
export function protobufjsOtlpDecoder(): (request: Uint8Array) => unknown {
  return decoderOf(OTLP_SCHEMA, 'Request');
}

function decoderOf(schema: Readonly<Record<string, string>>, type: string): (bytes: Uint8Array) => unknown {
  const root = new protobuf.Root();
  for (const [name, fields] of Object.entries(schema)) {
    const message = new protobuf.Type(name);
    for (const field of fields.split(', ')) {
      const [label, id, kind] = field.split(' ') as [string, string, string];
      const isRepeated = label.startsWith('*');
      message.add(new protobuf.Field(label.replace('*', ''), Number(id), kind, isRepeated ? 'repeated' : undefined));
    }
    root.add(message);
  }
  const decoder = root.lookupType(type).setup();
  return (bytes) => decoder.decode(bytes);
}
