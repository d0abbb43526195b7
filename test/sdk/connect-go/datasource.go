package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	querierv1 "flamelake.dev/test/connectgo/gen/querier/v1"
	"flamelake.dev/test/connectgo/gen/querier/v1/querierv1connect"
	typesv1 "flamelake.dev/test/connectgo/gen/types/v1"
)

// Seconds below which the datasource's step does not go, and the most columns of its heat map.
const minStepSeconds = 15
const heatmapColumns = 64

const utf8LabelNames = "*/*; allow-utf8-labelnames=true"

type downstreamError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type metrics struct {
	Series json.RawMessage `json:"series"`
	// The values as panels show them: CPU time in cores, in the order of the series' points.
	Cores [][]float64 `json:"cores"`
	// What the profile of each exemplar holds, beside the exemplar's own value.
	Exemplars [][2]string `json:"exemplars"`
}

type datasourceAnswers struct {
	Health       [2]int                 `json:"health"`
	ProfileTypes map[string]string      `json:"profileTypes"`
	LabelNames   []string               `json:"labelNames"`
	UTF8Names    []string               `json:"utf8Names"`
	LabelValues  []string               `json:"labelValues"`
	NoSuchLabel  []string               `json:"noSuchLabel"`
	Metrics      metrics                `json:"metrics"`
	Grouped      metrics                `json:"grouped"`
	Limited      metrics                `json:"limited"`
	Heatmap      json.RawMessage        `json:"heatmap"`
	SpanHeatmap  json.RawMessage        `json:"spanHeatmap"`
	Profiles     map[string]*flameGraph `json:"profiles"`
	Errors       []downstreamError      `json:"errors"`
	Wire         []exchange             `json:"wire"`
}

type datasource struct {
	query
	client querierv1connect.QuerierServiceClient
	wire   *recorder
}

func call[In, Out any](method func(context.Context, *connect.Request[In]) (*connect.Response[Out], error), message *In) *Out {
	return must(method(context.Background(), connect.NewRequest(message))).Msg
}

func askAsDatasource(asked query) datasourceAnswers {
	wire := &recorder{settings: asked}
	d := datasource{asked, querierv1connect.NewQuerierServiceClient(&http.Client{Transport: wire}, asked.URL), wire}
	answers := datasourceAnswers{
		Health:       d.health(),
		ProfileTypes: d.profileTypes(),
		LabelNames:   d.labelNames(),
		LabelValues:  d.labelValues(asked.Label),
		NoSuchLabel:  d.labelValues("no_such_label"),
		Metrics:      d.metrics(&querierv1.SelectSeriesRequest{ExemplarType: typesv1.ExemplarType_EXEMPLAR_TYPE_INDIVIDUAL}),
		Heatmap:      d.heatmap(querierv1.HeatmapQueryType_HEATMAP_QUERY_TYPE_INDIVIDUAL, typesv1.ExemplarType_EXEMPLAR_TYPE_INDIVIDUAL),
		SpanHeatmap:  d.heatmap(querierv1.HeatmapQueryType_HEATMAP_QUERY_TYPE_SPAN, typesv1.ExemplarType_EXEMPLAR_TYPE_SPAN),
		Profiles:     d.profiles(),
		Errors:       d.errors(),
	}
	grouped := &querierv1.SelectSeriesRequest{GroupBy: asked.GroupBy, ExemplarType: typesv1.ExemplarType_EXEMPLAR_TYPE_NONE}
	wire.accept = utf8LabelNames
	answers.UTF8Names = d.labelNames()
	answers.Grouped = d.metrics(grouped)
	wire.accept = ""
	grouped.Limit = proto.Int64(1)
	answers.Limited = d.metrics(grouped)
	answers.Wire = wire.seen
	return answers
}

// "Save & test", as it is and as older versions did it: how many types each found.
func (d *datasource) health() [2]int {
	now := call(d.client.ProfileTypes, &querierv1.ProfileTypesRequest{Start: 1000, End: 4000})
	before := call(d.client.ProfileTypes, &querierv1.ProfileTypesRequest{})
	return [2]int{len(now.ProfileTypes), len(before.ProfileTypes)}
}

// The menu of types: what it says by the id that it stands for.
func (d *datasource) profileTypes() map[string]string {
	now := time.Now()
	answer := call(d.client.ProfileTypes, &querierv1.ProfileTypesRequest{
		Start: now.Add(-time.Hour).UnixMilli(),
		End:   now.Add(time.Hour).UnixMilli(),
	})
	menu := map[string]string{}
	for _, one := range answer.ProfileTypes {
		menu[one.ID] = one.Name + " - " + one.SampleType
	}
	return menu
}

func (d *datasource) labelNames() []string {
	answer := call(d.client.LabelNames, &typesv1.LabelNamesRequest{Matchers: []string{d.LabelSelector}})
	names := []string{}
	for _, name := range answer.Names {
		if !strings.HasPrefix(name, "__") && !strings.Contains(d.LabelSelector, name) {
			names = append(names, name)
		}
	}
	return names
}

func (d *datasource) labelValues(name string) []string {
	answer := call(d.client.LabelValues, &typesv1.LabelValuesRequest{Name: name, Matchers: []string{d.LabelSelector}})
	return append([]string{}, answer.Names...)
}

func (d *datasource) metrics(request *querierv1.SelectSeriesRequest) metrics {
	request.ProfileTypeID, request.LabelSelector = d.ProfileType, d.LabelSelector
	request.Start, request.End = d.Start, d.End
	request.Step = math.Max(d.IntervalSeconds, minStepSeconds)
	answer := call(d.client.SelectSeries, request)
	shown := metrics{Series: must(protojson.Marshal(answer)), Exemplars: [][2]string{}}
	for _, series := range answer.Series {
		var cores []float64
		for _, point := range series.Points {
			cores = append(cores, point.Value/request.Step/1e9)
			for _, exemplar := range point.Exemplars {
				profile := d.profile(&querierv1.SelectMergeStacktracesRequest{ProfileIdSelector: []string{exemplar.ProfileId}})
				shown.Exemplars = append(shown.Exemplars, [2]string{fmt.Sprint(exemplar.Value), profile.Total})
			}
		}
		shown.Cores = append(shown.Cores, cores)
	}
	return shown
}

func (d *datasource) heatmap(kind querierv1.HeatmapQueryType, exemplars typesv1.ExemplarType) json.RawMessage {
	rangeSeconds := float64(d.End-d.Start) / 1000
	answer := call(d.client.SelectHeatmap, &querierv1.SelectHeatmapRequest{
		ProfileTypeID: d.ProfileType,
		LabelSelector: d.LabelSelector,
		Start:         d.Start,
		End:           d.End,
		Step:          max(d.IntervalSeconds, minStepSeconds, rangeSeconds/heatmapColumns),
		QueryType:     kind,
		ExemplarType:  exemplars,
	})
	for _, series := range answer.Series {
		for _, slot := range series.Slots {
			if len(slot.YMin) != len(slot.Counts) {
				must(0, errors.New("a slot's bounds and counts are not equally many"))
			}
		}
	}
	return must(protojson.Marshal(answer))
}

func (d *datasource) profile(request *querierv1.SelectMergeStacktracesRequest) *flameGraph {
	request.ProfileTypeID, request.LabelSelector = d.ProfileType, d.LabelSelector
	request.Start, request.End = d.Start, d.End
	return readFlameGraph(call(d.client.SelectMergeStacktraces, request).Flamegraph)
}

// Flame graphs of each kind of question, those with spans as versions up to 12 and as the newest ask.
func (d *datasource) profiles() map[string]*flameGraph {
	var callSite []*typesv1.Location
	for _, name := range d.CallSite {
		callSite = append(callSite, &typesv1.Location{Name: name})
	}
	// The newest datasource's frame filter, a field that only it knows yet: { 3: { 1: the first frame of the call site } }.
	filtered := &typesv1.StackTraceSelector{}
	filter := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), d.CallSite[0])
	filtered.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, 3, protowire.BytesType), filter))
	spans := []string{d.Span}
	ofSpan := call(d.client.SelectMergeSpanProfile, &querierv1.SelectMergeSpanProfileRequest{
		ProfileTypeID: d.ProfileType,
		LabelSelector: d.LabelSelector,
		SpanSelector:  spans,
		Start:         d.Start,
		End:           d.End,
	})
	return map[string]*flameGraph{
		"all":       d.profile(&querierv1.SelectMergeStacktracesRequest{}),
		"fewNodes":  d.profile(&querierv1.SelectMergeStacktracesRequest{MaxNodes: proto.Int64(d.MaxNodes)}),
		"callSite":  d.profile(&querierv1.SelectMergeStacktracesRequest{StackTraceSelector: &typesv1.StackTraceSelector{CallSite: callSite}}),
		"filtered":  d.profile(&querierv1.SelectMergeStacktracesRequest{StackTraceSelector: filtered}),
		"span":      d.profile(&querierv1.SelectMergeStacktracesRequest{SpanSelector: spans}),
		"spanOf12":  readFlameGraph(ofSpan.Flamegraph),
		"noProfile": d.profile(&querierv1.SelectMergeStacktracesRequest{ProfileIdSelector: []string{"00000000-0000-4000-8000-000000000000"}}),
	}
}

// What users are told about a selector with a typing error, of a flame graph and of series.
func (d *datasource) errors() []downstreamError {
	var told []downstreamError
	note := func(err error) {
		var downstream *connect.Error
		if !errors.As(err, &downstream) {
			must(0, fmt.Errorf("not an error of the protocol: %v", err))
		}
		told = append(told, downstreamError{downstream.Code().String(), downstream.Message()})
	}
	bad := `{service_name="shop`
	_, err := d.client.SelectMergeStacktraces(context.Background(), connect.NewRequest(&querierv1.SelectMergeStacktracesRequest{
		ProfileTypeID: d.ProfileType, LabelSelector: bad, Start: d.Start, End: d.End,
	}))
	note(err)
	_, err = d.client.SelectSeries(context.Background(), connect.NewRequest(&querierv1.SelectSeriesRequest{
		ProfileTypeID: d.ProfileType, LabelSelector: bad, Start: d.Start, End: d.End, Step: minStepSeconds,
	}))
	note(err)
	_, err = d.client.LabelNames(context.Background(), connect.NewRequest(&typesv1.LabelNamesRequest{Matchers: []string{bad}}))
	note(err)
	return told
}
