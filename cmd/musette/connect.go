package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"musette/strava"
	"musette/token"
)

type connectCmd struct {
	settings
	NoBrowser bool `help:"don't open a browser; paste the answer here if yours runs elsewhere"`
	Port      int  `placeholder:"N" help:"the port on this machine that Strava's answer comes back to; else any that is free"`
}

func (connectCmd) Help() string {
	return `musette connect                open the browser, and wait for the answer
musette connect --no-browser   over ssh: open the address at home, paste the answer here`
}

func (c *connectCmd) Run(ctx context.Context, a *app) error {
	client, err := a.strava()
	if err != nil {
		return err
	}
	// The keys come first: nobody should say yes at Strava, only to hear that the answer can't be kept.
	tokens, err := a.tokens(ctx)
	if err != nil {
		return err
	}
	con, err := openConsent(c.Port)
	if err != nil {
		return err
	}
	defer con.close()

	address := client.AuthorizeURL(strava.AuthorizeOptions{
		RedirectURI: con.redirectURI(), Scopes: a.cfg.Scopes, State: con.state,
	})
	pasted := c.invite(ctx, a, con, address)
	answer, err := con.wait(ctx, a, pasted)
	if err != nil {
		return err
	}
	done, err := a.finishConsent(ctx, client, tokens, answer)
	if answer.tell != nil {
		answer.tell <- err
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, done)
	a.say("next: `musette sync` fetches the activities, `musette serve` keeps them up to date and shows them")
	return nil
}

// invite sends the person to Strava, and returns the lines they paste, nil if they have no need to.
func (c *connectCmd) invite(ctx context.Context, a *app, con *consent, address string) <-chan string {
	opened := !c.NoBrowser && openBrowser(address) == nil
	if opened {
		a.say("your browser opens Strava's page; if it doesn't, open this address yourself:\n\n  %s\n", address)
	} else {
		a.say("open this address in a browser:\n\n  %s\n", address)
	}
	if c.NoBrowser {
		a.say("a browser on another machine will end at a page that can't be opened, %s…\ncopy that address from the browser, paste it here and press enter\n", con.redirectURI())
	}
	a.say("waiting for your answer at Strava · ctrl-c stops")
	if !c.NoBrowser {
		return nil
	}
	return lines(ctx, a)
}

// lines reads what is typed. The goroutine ends with the input or, if a read can't be interrupted, with the program.
func lines(ctx context.Context, a *app) <-chan string {
	typed := make(chan string)
	go func() {
		defer close(typed)
		for scan := bufio.NewScanner(a.in); scan.Scan(); {
			select {
			case typed <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return typed
}

// wait returns the first answer that is ours, from the browser or the terminal.
func (c *consent) wait(ctx context.Context, a *app, pasted <-chan string) (consentAnswer, error) {
	for {
		select {
		case answer := <-c.answers:
			return answer, nil
		case line, more := <-pasted:
			if !more {
				pasted = nil // the listener is still open
				continue
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			answer, err := c.parsePasted(line)
			if err == nil {
				return answer, nil
			}
			a.say("%s; paste the whole address that the browser ended at", err)
		case <-ctx.Done():
			return consentAnswer{}, failed("run `musette connect` again when you are ready", "stopped before an answer came; nothing was changed")
		}
	}
}

const connectAgain = "run `musette connect` again"

// finishConsent turns the answer into a grant that is kept, and says in one line what it is.
func (a *app) finishConsent(ctx context.Context, client *strava.Client, tokens *token.Tokens, answer consentAnswer) (string, error) {
	switch answer.refusal {
	case "":
	case "access_denied":
		return "", failed(connectAgain+" and press authorise; nothing was changed", "Strava's question was answered with no")
	default:
		return "", failed(connectAgain+"; nothing was changed", "Strava refused: %s", answer.refusal)
	}
	grant, _, err := client.Exchange(ctx, answer.code.Reveal())
	if err != nil {
		return "", explainExchange(err)
	}
	scopes := answer.scopes
	if scopes == nil {
		scopes = grant.Scopes
	}
	missing := token.Missing(a.cfg.Scopes, scopes)
	if scopes != nil && len(token.Missing([]string{"activity:read"}, scopes)) > 0 {
		return "", failed(connectAgain+" and leave the boxes about activities ticked; nothing was changed",
			"the boxes about activities were unticked, so there is nothing that may be fetched (allowed: %s)", orNone(scopes))
	}
	if _, err := tokens.Add(ctx, grant, scopes); err != nil {
		return "", fmt.Errorf("the connection was allowed but can't be kept: %w", err)
	}
	who := "connected"
	if grant.Athlete != nil {
		name := strings.TrimSpace(grant.Athlete.First + " " + grant.Athlete.Last)
		who = strings.TrimSpace(fmt.Sprintf("connected athlete %d %s", grant.Athlete.ID, plain(name)))
	}
	if scopes == nil {
		return who, nil
	}
	if len(missing) > 0 {
		a.say("not allowed: %s; what needs it is left out, `musette connect` asks again", strings.Join(missing, ", "))
	}
	return fmt.Sprintf("%s · allowed: %s", who, strings.Join(scopes, ", ")), nil
}

// explainExchange says what a person can do about a code that Strava didn't turn into tokens.
func explainExchange(err error) error {
	hint := connectAgain
	switch strava.KindOf(err) {
	case strava.KindAthleteLimit:
		hint = "a new app may have one athlete, its owner; at https://www.strava.com/settings/api the owner can raise this, or disconnect somebody"
	case strava.KindCode:
		hint = "a code works once and for a few minutes; " + connectAgain + " and paste the new address at once"
	case strava.KindClientSecret:
		hint = "correct STRAVA_CLIENT_SECRET, https://www.strava.com/settings/api shows it"
	case strava.KindClientID:
		hint = "correct STRAVA_CLIENT_ID, https://www.strava.com/settings/api shows it"
	case strava.KindInactive:
		hint = "a Strava app needs its owner's paid subscription; when it is active again, " + connectAgain
	case strava.KindTransport, strava.KindTimeout, strava.KindServer, strava.KindBody:
		hint = "nothing was changed; check the network and STRAVA_OAUTH_URL, then " + connectAgain
	}
	return failed(hint, "not connected: %w", err)
}

func orNone(scopes []string) string {
	if len(scopes) == 0 {
		return "nothing"
	}
	return strings.Join(scopes, ", ")
}
