package main

import "net/http"

// The headers of one call and of its answer that the contract speaks of.
type exchange struct {
	Path             string `json:"path"`
	ContentType      string `json:"contentType"`
	ProtocolVersion  string `json:"protocolVersion"`
	AcceptEncoding   string `json:"acceptEncoding"`
	Accept           string `json:"accept"`
	Status           int    `json:"status"`
	AnswerType       string `json:"answerType"`
	AnswerCompressed string `json:"answerCompressed"`
}

// Sends what the datasource's configuration adds to each request, and notes each exchange.
type recorder struct {
	settings query
	accept   string
	seen     []exchange
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	for name, value := range r.settings.Headers {
		request.Header.Set(name, value)
	}
	if r.settings.User != "" {
		request.SetBasicAuth(r.settings.User, r.settings.Password)
	}
	if r.accept != "" {
		request.Header.Set("Accept", r.accept)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	r.seen = append(r.seen, exchange{
		Path:             request.URL.Path,
		ContentType:      request.Header.Get("Content-Type"),
		ProtocolVersion:  request.Header.Get("Connect-Protocol-Version"),
		AcceptEncoding:   request.Header.Get("Accept-Encoding"),
		Accept:           request.Header.Get("Accept"),
		Status:           response.StatusCode,
		AnswerType:       response.Header.Get("Content-Type"),
		AnswerCompressed: response.Header.Get("Content-Encoding"),
	})
	return response, nil
}
