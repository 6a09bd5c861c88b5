package metrics

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"musette"
)

// Build is which program this is.
type Build struct{ Version, Revision, GoVersion string }

// Metrics counts. Its methods may be called from any goroutine.
type Metrics struct {
	now      func() time.Time
	registry *prometheus.Registry

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	limited        *prometheus.CounterVec
	events         *prometheus.CounterVec
	calls          *prometheus.CounterVec
	callSeconds    prometheus.Histogram

	site     atomic.Pointer[Site]
	database atomic.Pointer[seenDatabase]
	shelves  atomic.Pointer[[]seenShelf]
}

// Buckets in seconds. Answers come from memory, so most take less than a millisecond; Strava's take from a tenth of a
// second to the 30 that a call may last.
var (
	requestBuckets = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5}
	callBuckets    = []float64{0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30}
)

// New returns metrics of a program that serves nothing yet.
func New(b Build, now func() time.Time) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		now: now, registry: prometheus.NewRegistry(),
		requests: counter("musette_http_requests_total", "HTTP requests that were answered.", "route", "method", "code"),
		requestSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "musette_http_request_duration_seconds", Help: "How long they took; streams of events apart.", Buckets: requestBuckets,
		}, []string{"route"}),
		limited: counter("musette_http_rate_limited_total", "Requests refused because their caller asks too often.", "caller"),
		events:  counter("musette_webhook_events_total", "Webhook events, and what became of them.", "object", "aspect", "fate"),
		calls:   counter("musette_calls_total", "Requests to Strava's API that this process has made.", "class", "result"),
		callSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "musette_call_duration_seconds", Help: "How long they took.", Buckets: callBuckets,
		}),
	}
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "musette_build_info", Help: "Which program this is; always 1.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": b.GoVersion},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.requests, m.requestSeconds, m.limited, m.events, m.calls, m.callSeconds, info, collector{m},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	// Those that are known begin at 0, so that the first of them is seen to be one more.
	for c := range musette.NumClasses {
		m.calls.WithLabelValues(c.String(), resultOK)
	}
	for _, caller := range []string{"key", "address"} {
		m.limited.WithLabelValues(caller)
	}
	return m
}

// Expect has the events of these fates begin at 0.
func (m *Metrics) Expect(fates ...string) {
	for _, aspect := range []string{"create", "update", "delete"} {
		for _, fate := range fates {
			m.events.WithLabelValues("activity", aspect, fate)
		}
	}
}

// Handler answers with all metrics, as OpenMetrics for those who ask for it.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 8,
	})
}

// Request counts an HTTP request; took is negative where how long it lasted says nothing.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	if took >= 0 {
		m.requestSeconds.WithLabelValues(route).Observe(took.Seconds())
	}
}

// Limited counts a caller who was turned away.
func (m *Metrics) Limited(keyed bool) {
	caller := "address"
	if keyed {
		caller = "key"
	}
	m.limited.WithLabelValues(caller).Inc()
}

// Event counts a webhook event.
func (m *Metrics) Event(object, aspect, fate string) {
	m.events.WithLabelValues(object, aspect, fate).Inc()
}

// resultOK is the result of a call that brought what was asked for.
const resultOK = "ok"

// Call counts a request to Strava; result is the kind of its failure, "" if it didn't fail.
func (m *Metrics) Call(class musette.Class, result string, took time.Duration) {
	if result == "" {
		result = resultOK
	}
	m.calls.WithLabelValues(class.String(), result).Inc()
	m.callSeconds.Observe(took.Seconds())
}
