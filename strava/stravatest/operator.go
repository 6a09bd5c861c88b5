package stravatest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"musette/strava/stravatest/season"
)

// operatorMux serves the page at / and the actions below /control, which
// whoever can reach the server may use: listen on the loopback.
func (s *Server) operatorMux() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", s.operatorPage)
	m.HandleFunc("GET /control/state", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, http.StatusOK, s.state()) })
	m.HandleFunc("GET /control/calls", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, http.StatusOK, s.callRows(1000)) })
	m.HandleFunc("GET /control/activities", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, s.activityRows(0))
	})
	for path, do := range map[string]action{
		"activities":                             (*Server).doAdd,
		"activities/{id}/name":                   (*Server).doRename,
		"activities/{id}/type":                   (*Server).doType,
		"activities/{id}/description":            (*Server).doDescribe,
		"activities/{id}/visibility":             (*Server).doVisibility,
		"activities/{id}/crop":                   (*Server).doCrop,
		"activities/{id}/photos":                 (*Server).doAddPhoto,
		"activities/{id}/comments":               (*Server).doAddComment,
		"activities/{id}/delete":                 (*Server).doDelete,
		"activities/{id}/photos/{part}/delete":   (*Server).doRemovePhoto,
		"activities/{id}/comments/{part}/delete": (*Server).doRemoveComment,
		"athletes":                               (*Server).doAddAthlete,
		"athletes/{id}/grant":                    (*Server).doGrant,
		"athletes/{id}/revoke":                   (*Server).doRevoke,
		"faults":                                 (*Server).doFault,
		"faults/{id}/delete":                     (*Server).doRemoveFault,
		"faults/clear":                           (*Server).doClearFaults,
		"limits":                                 (*Server).doLimits,
		"spend":                                  (*Server).doSpend,
		"quirks":                                 (*Server).doQuirks,
		"approval":                               (*Server).doApproval,
		"manner":                                 (*Server).doManner,
		"deliver":                                (*Server).doDeliver,
		"clock":                                  (*Server).doClock,
		"expire":                                 (*Server).doExpire,
		"calls/reset":                            (*Server).doResetCalls,
	} {
		m.HandleFunc("POST /control/"+path, s.control(do))
	}
	return m
}

// action does what a POST below /control asks for and returns what to answer.
type action func(s *Server, f form) (any, error)

// form is a POST's values: those of a form, or the members of a JSON object.
type form struct {
	url.Values
	r *http.Request
}

// control wraps an action: programs get JSON, browsers go back to the page.
func (s *Server) control(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.origin.Check(r); err != nil {
			http.Error(w, "another site may not press these buttons", http.StatusForbidden)
			return
		}
		f, err := readForm(w, r)
		var answer any
		if err == nil {
			answer, err = do(s, f)
		}
		page := strings.Contains(r.Header.Get("Accept"), "text/html")
		switch {
		case errors.Is(err, ErrNotFound):
			writeJSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		case err != nil:
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		case page:
			http.Redirect(w, r, "/", http.StatusSeeOther)
		default:
			writeJSON(w, http.StatusOK, answer)
		}
	}
}

func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		err := r.ParseForm()
		return form{r.Form, r}, err
	}
	var members map[string]any
	d := json.NewDecoder(r.Body)
	d.UseNumber()
	if err := d.Decode(&members); err != nil && !errors.Is(err, io.EOF) {
		return form{}, fmt.Errorf("the body is no JSON object: %w", err)
	}
	f := form{url.Values{}, r}
	for name, v := range members {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, one := range list {
			f.Add(name, fmt.Sprint(one))
		}
	}
	return f, nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(encode(v), '\n')) // the client has gone; nobody is left to tell
}

// number reads a whole number; absent is 0.
func (f form) number(name string) (int64, error) {
	if f.Get(name) == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(f.Get(name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: a whole number is wanted, not %q", name, f.Get(name))
	}
	return n, nil
}

func (f form) fraction(name string) (float64, error) {
	if f.Get(name) == "" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(f.Get(name), 64)
	if err != nil || v < 0 || v > 1 {
		return 0, fmt.Errorf("%s: a number from 0 to 1 is wanted, not %q", name, f.Get(name))
	}
	return v, nil
}

// duration reads a time span such as 90s, 15m or 6h; absent is 0.
func (f form) duration(name string) (time.Duration, error) {
	if f.Get(name) == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(f.Get(name))
	if err != nil {
		return 0, fmt.Errorf("%s: a time such as 90s or 6h is wanted, not %q", name, f.Get(name))
	}
	return d, nil
}

// list reads a text with commas, or several values; absent is nil.
func (f form) list(name string) []string {
	if !f.Has(name) {
		return nil
	}
	return strings.FieldsFunc(strings.Join(f.Values[name], ","), func(r rune) bool { return r == ',' || r == ' ' })
}

func (f form) yes(name string) bool {
	return slices.Contains([]string{"true", "on", "1", "yes"}, f.Get(name))
}

// id is the {id} of the path.
func (f form) id() int64 {
	n, _ := strconv.ParseInt(f.r.PathValue("id"), 10, 64) // 0 is nobody's id
	return n
}

// state is all that a person or a script needs to begin.
type state struct {
	ClientID     string       `json:"client_id"`
	ClientSecret string       `json:"client_secret"`
	Now          time.Time    `json:"now"`
	Limits       Limits       `json:"limits"`
	Usage        Usage        `json:"usage"`
	Refused      int          `json:"refused"`
	Athletes     []athleteRow `json:"athletes"`
	Faults       []faultRow   `json:"faults"`
	Quirks       Quirks       `json:"quirks"`
	Manner       mannerRow    `json:"manner"`
	Callback     string       `json:"callback,omitempty"`
	Pending      []Event      `json:"pending"`
	Counts       []countRow   `json:"counts"`
}

type athleteRow struct {
	ID           int64    `json:"id"`
	Name         string   `json:"name"`
	Activities   int      `json:"activities"`
	RefreshToken string   `json:"refresh_token,omitempty"` // of the newest grant
	Scopes       []string `json:"scopes,omitempty"`
}

// faultRow and mannerRow show spans of time as the forms take them: "1m30s".
type faultRow struct {
	ID          int       `json:"id"`
	Kind        FaultKind `json:"kind"`
	Method      string    `json:"method,omitempty"`
	Path        string    `json:"path,omitempty"`
	Skip        int       `json:"skip,omitempty"`
	Count       int       `json:"count,omitempty"`
	Probability float64   `json:"probability,omitempty"`
	For         string    `json:"for,omitempty"`
	Delay       string    `json:"delay,omitempty"`
	Status      int       `json:"status,omitempty"`
	Hits        int       `json:"hits"`
}

type mannerRow struct {
	Duplicates int     `json:"duplicates"`
	Reverse    bool    `json:"reverse"`
	Delay      string  `json:"delay"`
	Loss       float64 `json:"loss"`
}

func span(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

type countRow struct {
	Endpoint string `json:"endpoint"`
	Calls    int    `json:"calls"`
}

func (s *Server) state() state {
	st := state{
		ClientID: s.clientID, ClientSecret: s.secret, Now: s.Now(), Limits: s.Limits(), Usage: s.Usage(), Refused: s.Refused(),
		Quirks: s.Quirks(), Pending: s.Pending(),
	}
	m := s.Manner()
	st.Manner = mannerRow{m.Duplicates, m.Reverse, m.Delay.String(), m.Loss}
	for _, f := range s.Faults() {
		st.Faults = append(st.Faults, faultRow{
			f.ID, f.Kind, f.Method, f.Path, f.Skip, f.Count, f.Probability, span(f.For), span(f.Delay), f.Status, f.Hits,
		})
	}
	counts := s.Counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		st.Counts = append(st.Counts, countRow{name, counts[name]})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.push.sub != nil {
		st.Callback = s.push.sub.callback
	}
	for _, a := range s.athletes {
		row := athleteRow{ID: a.id(), Name: a.season.Athlete.FirstName + " " + a.season.Athlete.LastName, Activities: len(a.activities)}
		for _, g := range s.grants {
			if g.athleteID == a.id() {
				row.RefreshToken, row.Scopes = g.refresh, g.scopes
			}
		}
		st.Athletes = append(st.Athletes, row)
	}
	return st
}

type callRow struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Target string    `json:"target"`
	Status int       `json:"status"`
	Class  Class     `json:"class"`
	Fault  string    `json:"fault,omitempty"`
}

// callRows returns the last n calls, newest first.
func (s *Server) callRows(n int) []callRow {
	calls := append(s.Calls(), s.TokenCalls()...)
	slices.SortStableFunc(calls, func(a, b Call) int { return a.Time.Compare(b.Time) })
	slices.Reverse(calls)
	rows := []callRow{}
	for _, c := range calls[:min(n, len(calls))] {
		target := c.Path
		if len(c.Query) > 0 {
			target += "?" + c.Query.Encode()
		}
		rows = append(rows, callRow{c.Time, c.Method, target, c.Status, c.Class, c.Fault})
	}
	return rows
}

type activityRow struct {
	ID         string    `json:"id"`
	AthleteID  int64     `json:"athlete_id"`
	Name       string    `json:"name"`
	SportType  string    `json:"sport_type"`
	Start      time.Time `json:"start"`
	DistanceM  float64   `json:"distance_m"`
	Visibility string    `json:"visibility"`
	Photos     []string  `json:"photos"`
	Comments   []int64   `json:"comments"`
}

// activityRows returns each athlete's newest n activities, all for 0.
func (s *Server) activityRows(n int) []activityRow {
	rows := []activityRow{}
	for _, who := range s.Athletes() {
		list := s.Activities(who.ID)
		if n > 0 {
			list = list[:min(n, len(list))]
		}
		for _, a := range list {
			row := activityRow{
				strconv.FormatInt(a.ID, 10), who.ID, a.Name, a.SportType, a.Start, a.Distance, a.Visibility, []string{}, []int64{},
			}
			for _, p := range a.Photos {
				row.Photos = append(row.Photos, p.UniqueID)
			}
			for _, c := range a.Comments {
				row.Comments = append(row.Comments, c.ID)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

//go:embed pages/operator.html
var operatorHTML string

var operatorTemplate = template.Must(template.New("operator").Parse(operatorHTML))

func (s *Server) operatorPage(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	err := operatorTemplate.Execute(&b, struct {
		state
		Base       string
		Kinds      []FaultKind
		Calls      []callRow
		Activities []activityRow
	}{s.state(), s.baseURL(r), faultKinds, s.callRows(20), s.activityRows(8)})
	if err != nil {
		http.Error(w, "the page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", htmlType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the client has gone; nobody is left to tell
}

// seasonOptions are those of a new athlete.
func (f form) seasonOptions() (season.Options, error) {
	seed, err := f.number("seed")
	n, err2 := f.number("activities")
	if n == 0 {
		n = 60
	}
	return season.Options{Seed: uint64(seed), Activities: int(n)}, errors.Join(err, err2)
}
