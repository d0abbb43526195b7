/** Every message of the contract: names, numbers and types of its fields, which old clients have compiled in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { file_adhocprofiles_v1_adhocprofiles } from '@flamelake/rpc/gen/adhocprofiles/v1/adhocprofiles_pb.js';
import { file_capabilities_v1_capabilities } from '@flamelake/rpc/gen/capabilities/v1/capabilities_pb.js';
import { file_google_v1_profile } from '@flamelake/rpc/gen/google/v1/profile_pb.js';
import { file_push_v1_push } from '@flamelake/rpc/gen/push/v1/push_pb.js';
import { file_querier_v1_querier } from '@flamelake/rpc/gen/querier/v1/querier_pb.js';
import { file_settings_v1_settings } from '@flamelake/rpc/gen/settings/v1/settings_pb.js';
import { file_types_v1_types } from '@flamelake/rpc/gen/types/v1/types_pb.js';
import { file_version_v1_version } from '@flamelake/rpc/gen/version/v1/version_pb.js';

const SELECTION = 'profile_typeID=1 string, label_selector=2 string';
const RANGE = 'start=3 int64, end=4 int64';
const GRAPH = 'names=1 string[], levels=2 Level[], total=3 int64, max_self=4 int64';

/** By file: each message with its fields, `[]` where there are several. */
const MESSAGES: readonly (readonly [typeof file_types_v1_types, Readonly<Record<string, string>>])[] = [
  [
    file_types_v1_types,
    {
      LabelPair: 'name=1 string, value=2 string',
      Labels: 'labels=1 LabelPair[]',
      ProfileType:
        'ID=1 string, name=2 string, sample_type=4 string, sample_unit=5 string, period_type=6 string, period_unit=7 string',
      Series: 'labels=1 LabelPair[], points=2 Point[]',
      Point: 'value=1 double, timestamp=2 int64, annotations=3 ProfileAnnotation[], exemplars=4 Exemplar[]',
      ProfileAnnotation: 'key=1 string, value=2 string',
      Exemplar:
        'timestamp=1 int64, profile_id=2 string, span_id=3 string, value=4 int64, labels=5 LabelPair[], trace_id=6 string',
      HeatmapSeries: 'labels=1 LabelPair[], slots=2 HeatmapSlot[]',
      HeatmapSlot: 'timestamp=1 int64, y_min=2 double[], counts=3 int32[], exemplars=4 Exemplar[]',
      LabelValuesRequest: `name=1 string, matchers=2 string[], ${RANGE}`,
      LabelValuesResponse: 'names=1 string[]',
      LabelNamesRequest: 'matchers=1 string[], start=2 int64, end=3 int64',
      LabelNamesResponse: 'names=1 string[]',
      StackTraceSelector: 'call_site=1 Location[], go_pgo=2 GoPGO',
      Location: 'name=1 string',
      GoPGO: 'keep_locations=1 uint32, aggregate_callees=2 bool',
      GetProfileStatsRequest: '',
      GetProfileStatsResponse: 'data_ingested=1 bool, oldest_profile_time=2 int64, newest_profile_time=3 int64',
    },
  ],
  [
    file_google_v1_profile,
    {
      Profile:
        'sample_type=1 ValueType[], sample=2 Sample[], mapping=3 Mapping[], location=4 Location[], function=5 Function[], string_table=6 string[], drop_frames=7 int64, keep_frames=8 int64, time_nanos=9 int64, duration_nanos=10 int64, period_type=11 ValueType, period=12 int64, comment=13 int64[], default_sample_type=14 int64',
      ValueType: 'type=1 int64, unit=2 int64',
      Sample: 'location_id=1 uint64[], value=2 int64[], label=3 Label[]',
      Label: 'key=1 int64, str=2 int64, num=3 int64, num_unit=4 int64',
      Mapping:
        'id=1 uint64, memory_start=2 uint64, memory_limit=3 uint64, file_offset=4 uint64, filename=5 int64, build_id=6 int64, has_functions=7 bool, has_filenames=8 bool, has_line_numbers=9 bool, has_inline_frames=10 bool',
      Location: 'id=1 uint64, mapping_id=2 uint64, address=3 uint64, line=4 Line[], is_folded=5 bool',
      Line: 'function_id=1 uint64, line=2 int64',
      Function: 'id=1 uint64, name=2 int64, system_name=3 int64, filename=4 int64, start_line=5 int64',
    },
  ],
  [
    file_querier_v1_querier,
    {
      ProfileTypesRequest: 'start=1 int64, end=2 int64',
      ProfileTypesResponse: 'profile_types=1 ProfileType[]',
      SeriesRequest: `matchers=1 string[], label_names=2 string[], ${RANGE}`,
      SeriesResponse: 'labels_set=2 Labels[]',
      SelectMergeStacktracesRequest: `${SELECTION}, ${RANGE}, max_nodes=5 int64, format=6 ProfileFormat, stack_trace_selector=7 StackTraceSelector, profile_id_selector=8 string[], async=9 AsyncQueryRequest, trace_id_selector=10 string[], span_selector=11 string[]`,
      SelectMergeStacktracesResponse:
        'flamegraph=1 FlameGraph, tree=2 bytes, dot=3 string, async=4 AsyncQueryResponse, pprof=5 PprofProfile',
      PprofProfile: 'profile=1 Profile',
      AsyncQueryRequest: 'request_id=1 string, type=2 AsyncQueryType',
      AsyncQueryResponse: 'request_id=1 string, status=2 AsyncQueryStatus, error_message=3 string',
      SelectMergeSpanProfileRequest: `${SELECTION}, span_selector=3 string[], start=4 int64, end=5 int64, max_nodes=6 int64, format=7 ProfileFormat`,
      SelectMergeSpanProfileResponse: 'flamegraph=1 FlameGraph, tree=2 bytes',
      SelectMergeProfileRequest: `${SELECTION}, ${RANGE}, max_nodes=5 int64, stack_trace_selector=6 StackTraceSelector, profile_id_selector=7 string[], trace_id_selector=8 string[]`,
      SelectSeriesRequest: `${SELECTION}, ${RANGE}, group_by=5 string[], step=6 double, aggregation=7 TimeSeriesAggregationType, stack_trace_selector=8 StackTraceSelector, limit=9 int64, exemplar_type=10 ExemplarType`,
      SelectSeriesResponse: 'series=1 Series[]',
      SelectHeatmapRequest: `${SELECTION}, ${RANGE}, step=5 double, group_by=6 string[], query_type=7 HeatmapQueryType, exemplar_type=8 ExemplarType, limit=9 int64`,
      SelectHeatmapResponse: 'series=1 HeatmapSeries[]',
      DiffRequest: 'left=1 SelectMergeStacktracesRequest, right=2 SelectMergeStacktracesRequest',
      DiffResponse: 'flamegraph=1 FlameGraphDiff',
      FlameGraph: GRAPH,
      FlameGraphDiff: `${GRAPH}, leftTicks=5 int64, rightTicks=6 int64`,
      Level: 'values=1 int64[]',
      AnalyzeQueryRequest: 'start=2 int64, end=3 int64, query=4 string',
      AnalyzeQueryResponse: 'query_scopes=1 QueryScope[], query_impact=2 QueryImpact',
      QueryScope:
        'component_type=1 string, component_count=2 uint64, block_count=3 uint64, series_count=4 uint64, profile_count=5 uint64, sample_count=6 uint64, index_bytes=7 uint64, profile_bytes=8 uint64, symbol_bytes=9 uint64',
      QueryImpact: 'total_bytes_in_time_range=2 uint64, total_queried_series=3 uint64, deduplication_needed=4 bool',
    },
  ],
  [
    file_push_v1_push,
    {
      PushRequest: 'series=1 RawProfileSeries[]',
      PushResponse: '',
      RawProfileSeries: 'labels=1 LabelPair[], samples=2 RawSample[], annotations=3 ProfileAnnotation[]',
      RawSample: 'raw_profile=1 bytes, ID=2 string',
    },
  ],
  [
    file_settings_v1_settings,
    {
      Setting: 'name=1 string, value=2 string, modifiedAt=3 int64',
      GetSettingsRequest: '',
      GetSettingsResponse: 'settings=1 Setting[]',
      SetSettingsRequest: 'setting=1 Setting',
      SetSettingsResponse: 'setting=1 Setting',
      DeleteSettingsRequest: 'name=1 string',
      DeleteSettingsResponse: '',
    },
  ],
  [
    file_adhocprofiles_v1_adhocprofiles,
    {
      AdHocProfilesUploadRequest: 'name=1 string, profile=2 string, max_nodes=3 int64',
      AdHocProfilesGetRequest: 'id=1 string, profile_type=2 string, max_nodes=3 int64',
      AdHocProfilesGetResponse:
        'id=1 string, name=2 string, uploaded_at=3 int64, profile_type=4 string, profile_types=5 string[], flamebearer_profile=6 string',
      AdHocProfilesListResponse: 'profiles=1 AdHocProfilesProfileMetadata[]',
      AdHocProfilesProfileMetadata: 'id=1 string, name=2 string, uploaded_at=3 int64',
      AdHocProfilesDiffRequest: 'left_id=1 string, right_id=2 string, profile_type=3 string, max_nodes=4 int64',
      AdHocProfilesDiffResponse: 'profile_types=1 string[], flamebearer_profile=2 string',
    },
  ],
  [file_version_v1_version, { VersionResponse: 'QuerierAPI=1 uint64' }],
  [
    file_capabilities_v1_capabilities,
    {
      GetFeatureFlagsRequest: '',
      GetFeatureFlagsResponse: 'feature_flags=1 FeatureFlag[]',
      FeatureFlag: 'name=1 string, enabled=2 bool, description=3 string, documentation_url=4 string',
    },
  ],
];

type Message = (typeof file_types_v1_types)['messages'][number];
const SCALARS: Readonly<Record<number, string>> = {
  1: 'double',
  3: 'int64',
  4: 'uint64',
  5: 'int32',
  8: 'bool',
  9: 'string',
  12: 'bytes',
  13: 'uint32',
};

function typeOf(field: Message['fields'][number]): string {
  if (field.message !== undefined) return field.message.name;
  if (field.enum !== undefined) return field.enum.name;
  return SCALARS[field.scalar ?? 0] ?? `scalar ${field.scalar}`;
}

const fieldsOf = ({ fields }: Message): string =>
  fields
    .toSorted((a, b) => a.number - b.number)
    .map((field) => `${field.name}=${field.number} ${typeOf(field)}${field.fieldKind === 'list' ? '[]' : ''}`)
    .join(', ');

for (const [file, messages] of MESSAGES) {
  test(`messages of ${file.proto.package}`, () => {
    const found = new Map(file.messages.map((message) => [message.name, fieldsOf(message)]));
    for (const [name, fields] of Object.entries(messages)) assert.equal(found.get(name), fields, name);
  });
}

test('enums', () => {
  const enums = [...file_querier_v1_querier.enums, ...file_types_v1_types.enums];
  const found = Object.fromEntries(
    enums.map(({ name, values }) => [name, values.map((value) => `${value.name}=${value.number}`).join(' ')]),
  );
  assert.deepEqual(found, {
    ProfileFormat:
      'PROFILE_FORMAT_UNSPECIFIED=0 PROFILE_FORMAT_FLAMEGRAPH=1 PROFILE_FORMAT_TREE=2 PROFILE_FORMAT_DOT=3 PROFILE_FORMAT_PPROF=4',
    HeatmapQueryType: 'HEATMAP_QUERY_TYPE_UNSPECIFIED=0 HEATMAP_QUERY_TYPE_INDIVIDUAL=1 HEATMAP_QUERY_TYPE_SPAN=2',
    AsyncQueryType: 'ASYNC_QUERY_TYPE_DISABLED=0 ASYNC_QUERY_TYPE_FORCE=1',
    AsyncQueryStatus:
      'ASYNC_QUERY_STATUS_UNKNOWN=0 ASYNC_QUERY_STATUS_IN_PROGRESS=1 ASYNC_QUERY_STATUS_SUCCESS=2 ASYNC_QUERY_STATUS_FAILURE=3',
    TimeSeriesAggregationType: 'TIME_SERIES_AGGREGATION_TYPE_SUM=0 TIME_SERIES_AGGREGATION_TYPE_AVERAGE=1',
    ExemplarType: 'EXEMPLAR_TYPE_UNSPECIFIED=0 EXEMPLAR_TYPE_NONE=1 EXEMPLAR_TYPE_INDIVIDUAL=2 EXEMPLAR_TYPE_SPAN=3',
  });
});

test('names in JSON that are not the plain camel case, and paths of methods', () => {
  const jsonName = (file: typeof file_types_v1_types, message: string, field: string): string | undefined =>
    file.messages.find(({ name }) => name === message)?.fields.find(({ name }) => name === field)?.jsonName;
  assert.equal(jsonName(file_types_v1_types, 'ProfileType', 'ID'), 'ID');
  assert.equal(jsonName(file_querier_v1_querier, 'SelectSeriesRequest', 'profile_typeID'), 'profileTypeID');
  assert.equal(jsonName(file_version_v1_version, 'VersionResponse', 'QuerierAPI'), 'QuerierAPI');
  assert.equal(jsonName(file_settings_v1_settings, 'Setting', 'modifiedAt'), 'modifiedAt');
  const files = [
    file_querier_v1_querier,
    file_push_v1_push,
    file_settings_v1_settings,
    file_adhocprofiles_v1_adhocprofiles,
    file_version_v1_version,
    file_capabilities_v1_capabilities,
  ];
  const paths = new Set(
    files.flatMap(({ services }) =>
      services.flatMap(({ typeName, methods }) => methods.map(({ name }) => `${typeName}/${name}`)),
    ),
  );
  const querier =
    'ProfileTypes LabelValues LabelNames Series SelectMergeStacktraces SelectMergeSpanProfile SelectMergeProfile SelectSeries SelectHeatmap Diff GetProfileStats AnalyzeQuery';
  const expected = [
    ...querier.split(' ').map((name) => `querier.v1.QuerierService/${name}`),
    'push.v1.PusherService/Push',
    ...['Get', 'Set', 'Delete'].map((name) => `settings.v1.SettingsService/${name}`),
    ...['Upload', 'Get', 'List', 'Diff'].map((name) => `adhocprofiles.v1.AdHocProfileService/${name}`),
    'version.v1.Version/Version',
    'capabilities.v1.FeatureFlagsService/GetFeatureFlags',
  ];
  for (const path of expected) assert.ok(paths.has(path), path);
});
