package simulate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"musette/strava/stravatest/season"
)

// act plans one act of a script.
func (p *people) act(a Act) {
	athlete := p.server.Athletes()[0].ID
	if a.Kind == "" {
		a.Kind = string(a.Do)
	}
	p.at(p.began.Add(a.At), func(now time.Time) error {
		switch a.Do {
		case Break:
			_, err := p.server.AddFault(a.Fault)
			return err
		case Upload:
			return p.upload(athlete, Life{}, now, time.Time{})
		case UploadLate:
			return p.upload(athlete, Life{}, now, now.Add(-time.Duration(a.Which)*day))
		}
		list := p.server.Activities(athlete)
		for _, before := range list[min(a.Which, len(list)):] {
			if p.lenient && p.exchanges(a, before.ID) {
				continue
			}
			if err := p.do(a.Do, a.Kind, athlete, before.ID, now); !errors.Is(err, errUnsuited) {
				p.touched[touch{before.ID, fieldOf[a.Do]}] = true
				if err == nil && a.Back > 0 {
					p.regret(a, athlete, before, now)
				}
				return err
			}
		}
		if p.lenient {
			return nil
		}
		return fmt.Errorf("simulate: no activity from place %d on suits %q", a.Which, a.Do)
	})
}

// exchanges reports whether an edit could exchange photos or comments for as many others, which nobody can see, or crop
// what has been cropped. Upon what was uploaded lately others comment by themselves.
func (p *people) exchanges(a Act, id int64) bool {
	field := fieldOf[a.Do]
	counted := field == "photos" || field == "comments"
	fresh := slices.ContainsFunc(p.uploads, func(u upload) bool { return u.id == id })
	return p.touched[touch{id, field}] && (counted || a.Do == Crop) || counted && a.Back > 0 && fresh
}

// regret plans that an edit is taken back, and that somebody looks at it before.
func (p *people) regret(a Act, athlete int64, before season.Activity, now time.Time) {
	if a.Asked {
		p.at(now.Add(a.Back/2), func(now time.Time) error { return p.refresh(now, before.ID) })
	}
	edited := p.now[before.ID]
	p.at(now.Add(a.Back), func(now time.Time) error {
		was, here := p.now[before.ID]
		if field := fieldOf[a.Do]; !here || valueOf(field, &was) != valueOf(field, &edited) { // gone, or edited again
			return nil
		}
		if err := p.undo(a.Do, &before, &edited); err != nil {
			return err
		}
		p.changed(a.Do, a.Kind+", taken back", athlete, &was, now)
		return nil
	})
}

// undo makes an activity in the field of a deed as it was before.
func (p *people) undo(d Deed, before, edited *season.Activity) error {
	s, id := p.server, before.ID
	switch d {
	case Describe:
		text := ""
		if before.Description != nil {
			text = *before.Description
		}
		return s.SetDescription(id, text)
	case Rename:
		return s.Rename(id, before.Name)
	case Retype:
		return s.SetType(id, before.SportType)
	case AddPhoto:
		return s.RemovePhoto(id, edited.Photos[len(edited.Photos)-1].UniqueID)
	case AddComment:
		for _, c := range edited.Comments[len(before.Comments):] {
			if err := s.RemoveComment(id, c.ID); err != nil {
				return err
			}
		}
		return nil
	case Hide, Narrow, Show:
		return s.SetVisibility(id, before.Visibility)
	}
	return fmt.Errorf("simulate: %q can't be taken back", d)
}
