package simulate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteTo writes the result for people.
func (r *Result) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n%s\n\n", r.Name, r.About)
	fmt.Fprintf(&b, "seed %d, %.0f days in %.1f s: %d calls, the least possible %d, refused %d\n", r.Seed, r.Days, r.Took, r.Total, r.Least, r.Refused)
	var calls []string
	for _, kind := range kinds {
		if n := r.Calls[kind]; n > 0 {
			calls = append(calls, fmt.Sprintf("%s %d", kind, n))
		}
	}
	fmt.Fprintf(&b, "calls by kind: %s\n", strings.Join(calls, ", "))
	if len(r.Delays) > 0 {
		b.WriteString("\n")
		t := tabwriter.NewWriter(&b, 2, 0, 2, ' ', 0)
		fmt.Fprintln(t, "change on Strava\ttimes\tmean until served\tworst\tnot served by the end")
		for _, d := range r.Delays {
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%d\n", d.Kind, d.Count+d.Unseen, short(d.Mean), short(d.Worst), d.Unseen)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	b.WriteString("\n")
	for _, c := range r.Checks {
		mark := "holds "
		if !c.OK {
			mark = "MISSED"
		}
		fmt.Fprintf(&b, "%s  %s: %.6g, at most %.6g\n", mark, c.What, c.Got, c.Most)
	}
	for _, line := range r.Wrong {
		fmt.Fprintf(&b, "WRONG   %s\n", line)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func short(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%.1f d", d.Hours()/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.1f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
