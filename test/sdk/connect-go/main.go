// A client made with connect-go: asks for a flame graph in each protocol and prints the answers as JSON lines.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"

	"connectrpc.com/connect"
	"golang.org/x/net/http2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const service = "/querier.v1.QuerierService/"

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func main() {
	url, descriptors, profileType, selector := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	start, end := must(strconv.ParseInt(os.Args[5], 10, 64)), must(strconv.ParseInt(os.Args[6], 10, 64))
	set := &descriptorpb.FileDescriptorSet{}
	must(0, proto.Unmarshal(must(os.ReadFile(descriptors)), set))
	messages := must(protodesc.NewFiles(set))
	describe := func(name string) protoreflect.MessageDescriptor {
		return must(messages.FindDescriptorByName(protoreflect.FullName("querier.v1." + name))).(protoreflect.MessageDescriptor)
	}
	request := dynamicpb.NewMessage(describe("SelectMergeStacktracesRequest"))
	answer := describe("SelectMergeStacktracesResponse")
	setField := func(name string, value any) {
		request.Set(request.Descriptor().Fields().ByName(protoreflect.Name(name)), protoreflect.ValueOf(value))
	}
	setField("profile_typeID", profileType)
	setField("label_selector", selector)
	setField("start", start)
	setField("end", end)

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
	for _, protocol := range protocols {
		options := append(protocol.options, connect.WithResponseInitializer(func(_ connect.Spec, message any) error {
			*message.(*dynamicpb.Message) = *dynamicpb.NewMessage(answer)
			return nil
		}))
		client := connect.NewClient[dynamicpb.Message, dynamicpb.Message](protocol.http, url+service+"SelectMergeStacktraces", options...)
		response := must(client.CallUnary(context.Background(), connect.NewRequest(request)))
		fmt.Printf("%s %s\n", protocol.name, must(protojson.Marshal(response.Msg)))

		bad := dynamicpb.NewMessage(request.Descriptor())
		_, err := client.CallUnary(context.Background(), connect.NewRequest(bad))
		fmt.Printf("%s-error %s\n", protocol.name, connect.CodeOf(err))
	}
}
