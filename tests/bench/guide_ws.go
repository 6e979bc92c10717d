// SPDX-License-Identifier: MIT

// The guide stream's work as a Go service would do it: nhooyr's websocket,
// encoding/json, client_golang. It does the work of bench_guide: it keeps the
// state of each conversation, so that repeats change nothing, gauges and counters
// by queue and medium, and waits in a histogram.
//
//	guide_ws PORT
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"nhooyr.io/websocket"
)

var states = map[string]string{
	"QUEUED": "waiting", "WAITING": "waiting", "OFFERED": "waiting",
	"ALERTING": "alerting", "ACTIVE": "active", "HELD": "held",
	"WRAPPED_UP": "wrapup", "TERMINATED": "ended",
}
var rank = map[string]int{"waiting": 1, "alerting": 2, "active": 3, "held": 3, "wrapup": 4, "ended": 5}

var (
	received = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "events"}, []string{"kind"})
	active   = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "genesys_active_conversations"},
		[]string{"queue_id", "media"})
	waits = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "genesys_queue_wait_seconds",
		Buckets: prometheus.DefBuckets}, []string{"queue_id", "media"})
	changes = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "genesys_state_changes_total"},
		[]string{"from_state", "to_state", "queue_id", "media"})
)

type message struct {
	EventType string `json:"eventType"`
	Event     struct {
		ConversationID string `json:"conversationId"`
		Type           string `json:"type"`
		State          string `json:"state"`
		QueueID        string `json:"queueId"`
		WrapUpCode     string `json:"wrapUpCode"`
	} `json:"event"`
}

// Children are bound once: a vector hashes the labels of each call otherwise.
type pair struct {
	queue, media string
	active       prometheus.Gauge
	waits        prometheus.Observer
	changes      map[[2]string]prometheus.Counter
}

type conversation struct {
	pair  *pair
	state string
	since time.Time
}

var (
	events        = received.WithLabelValues("conversation")
	others        = received.WithLabelValues("other")
	pairs         = map[[2]string]*pair{}
	conversations = map[string]*conversation{}
)

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

func pairOf(queue, media string) *pair {
	key := [2]string{queue, media}
	p := pairs[key]
	if p == nil {
		p = &pair{queue, media, active.WithLabelValues(queue, media),
			waits.WithLabelValues(queue, media), map[[2]string]prometheus.Counter{}}
		pairs[key] = p
	}
	return p
}

func (p *pair) countChange(from, to string) {
	key := [2]string{from, to}
	c := p.changes[key]
	if c == nil {
		c = changes.WithLabelValues(from, to, p.queue, p.media)
		p.changes[key] = c
	}
	c.Inc()
}

func take(m *message) {
	to := states[m.Event.State]
	if m.EventType != "ConversationEvent" || to == "" {
		others.Inc()
		return
	}
	events.Inc()
	c := conversations[m.Event.ConversationID]
	if c == nil {
		p := pairOf(or(m.Event.QueueID, "unassigned"), or(m.Event.Type, "all"))
		if to != "ended" {
			p.active.Inc()
			conversations[m.Event.ConversationID] = &conversation{p, to, time.Now()}
		}
		return
	}
	if to == c.state || rank[to] < rank[c.state] {
		return
	}
	c.pair.countChange(c.state, to)
	if rank[c.state] < rank["active"] && rank[to] == rank["active"] {
		c.pair.waits.Observe(time.Since(c.since).Seconds())
	}
	c.state = to
	if to == "ended" {
		c.pair.active.Dec()
		delete(conversations, m.Event.ConversationID)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func each(c prometheus.Collector, visit func(labels map[string]string, m *dto.Metric)) {
	out := make(chan prometheus.Metric)
	go func() {
		c.Collect(out)
		close(out)
	}()
	for metric := range out {
		m := &dto.Metric{}
		must(metric.Write(m))
		labels := map[string]string{}
		for _, l := range m.Label {
			labels[l.GetName()] = l.GetValue()
		}
		visit(labels, m)
	}
}

func totals() map[string]interface{} {
	kinds, byPair := map[string]float64{}, map[string]float64{}
	open, waited := 0.0, uint64(0)
	each(received, func(l map[string]string, m *dto.Metric) { kinds[l["kind"]] += m.Counter.GetValue() })
	each(active, func(l map[string]string, m *dto.Metric) { open += m.Gauge.GetValue() })
	each(waits, func(l map[string]string, m *dto.Metric) { waited += m.Histogram.GetSampleCount() })
	each(changes, func(l map[string]string, m *dto.Metric) {
		byPair[l["from_state"]+"-"+l["to_state"]] += m.Counter.GetValue()
	})
	return map[string]interface{}{"events": kinds["conversation"], "others": kinds["other"],
		"active": open, "waits": waited, "changes": byPair}
}

func cpuS() float64 {
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	s := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return s(u.Utime) + s(u.Stime)
}

// From /proc: getrusage reports at least the maximum of the parent process.
func residentMaxKB() (kb int) {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			fmt.Sscanf(line, "VmHWM: %d kB", &kb)
		}
	}
	return kb
}

const query = `{"query":{"view":"DEFAULT","interval":"PT1S",` +
	`"select":["conversationId","type","state","queueId","wrapUpCode"],"where":[]}}`

func main() {
	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, "ws://127.0.0.1:"+os.Args[1]+"/api/v2/analytics/realtime/conversations",
		&websocket.DialOptions{CompressionMode: websocket.CompressionDisabled,
			HTTPHeader: http.Header{"Authorization": {"Bearer t"}}})
	must(err)
	began := time.Now()
	cpu := cpuS()
	must(c.Write(ctx, websocket.MessageText, []byte(query)))
	for {
		_, bytes, err := c.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			break
		}
		must(err)
		m := message{}
		must(json.Unmarshal(bytes, &m))
		take(&m)
	}
	wall := time.Since(began).Seconds()
	cpu = cpuS() - cpu
	out, err := json.Marshal(map[string]interface{}{"wall_s": wall, "cpu_s": cpu, "rss_kb": residentMaxKB(), "totals": totals()})
	must(err)
	fmt.Println(string(out))
}
