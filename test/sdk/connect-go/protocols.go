package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"

	"connectrpc.com/connect"
	"golang.org/x/net/http2"
	"google.golang.org/protobuf/encoding/protojson"

	querierv1 "flamelake.dev/test/connectgo/gen/querier/v1"
	"flamelake.dev/test/connectgo/gen/querier/v1/querierv1connect"
)

// What one protocol answered: to the question, and to an empty one.
type protocolAnswer struct {
	Protocol string          `json:"protocol"`
	Answer   json.RawMessage `json:"answer"`
	BadCode  string          `json:"badCode"`
}

func askInEachProtocol(asked query) []protocolAnswer {
	overHTTP1 := &http.Client{}
	overH2C := &http.Client{Transport: &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}}
	protocols := []struct {
		name    string
		http    *http.Client
		options []connect.ClientOption
	}{
		{"connect", overHTTP1, nil},
		{"connect-gzip", overHTTP1, []connect.ClientOption{connect.WithSendGzip()}},
		{"connect-h2c", overH2C, nil},
		{"grpc", overH2C, []connect.ClientOption{connect.WithGRPC()}},
		{"grpc-gzip", overH2C, []connect.ClientOption{connect.WithGRPC(), connect.WithSendGzip()}},
		{"grpc-web", overHTTP1, []connect.ClientOption{connect.WithGRPCWeb()}},
	}
	var answers []protocolAnswer
	for _, protocol := range protocols {
		client := querierv1connect.NewQuerierServiceClient(protocol.http, asked.URL, protocol.options...)
		request := connect.NewRequest(&querierv1.SelectMergeStacktracesRequest{
			ProfileTypeID: asked.ProfileType,
			LabelSelector: asked.LabelSelector,
			Start:         asked.Start,
			End:           asked.End,
		})
		for name, value := range asked.Headers {
			request.Header().Set(name, value)
		}
		response := must(client.SelectMergeStacktraces(context.Background(), request))
		_, err := client.SelectMergeStacktraces(context.Background(), connect.NewRequest(&querierv1.SelectMergeStacktracesRequest{}))
		answers = append(answers, protocolAnswer{protocol.name, must(protojson.Marshal(response.Msg)), connect.CodeOf(err).String()})
	}
	return answers
}
