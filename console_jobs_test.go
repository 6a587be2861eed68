package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// enqueue makes n jobs of a queue from a pattern with one number in it.
func (r *running) enqueue(queue string, n int, pattern string) {
	r.t.Helper()
	for i := range n {
		r.call("POST", "/v1/queues/"+queue+"/jobs", fmt.Sprintf(pattern, i), 201)
	}
}

// leased takes one job of a queue and returns its id and token.
func (r *running) leased(queue string) (id, token string) {
	r.t.Helper()
	var got struct {
		Jobs []struct{ ID, Token string }
	}
	if err := json.Unmarshal(r.call("POST", "/v1/queues/"+queue+"/lease", `{"lease":"10m","wait":"5s","worker":"mailer-1"}`, 200), &got); err != nil || len(got.Jobs) != 1 {
		r.t.Fatalf("leased %v, %v", got, err)
	}
	return got.Jobs[0].ID, got.Jobs[0].Token
}

// asked waits for a dialog that says something.
func (b *browser) asked(text string) {
	b.t.Helper()
	b.await(`document.querySelector("dialog[open]:not(.palette)")?.innerText.includes(` + quoted(text) + `)`)
}

// confirm presses the one button that does what a dialog asks about.
func (b *browser) confirm() {
	b.t.Helper()
	button := `document.querySelector("dialog[open] button[type=submit]:not(:disabled)")`
	b.await(button)
	b.do(step(chromedp.Evaluate[any](button + `.click()`)))
}

// fail ends an attempt of one job of a queue.
func (r *running) fail(queue, fault string) {
	r.t.Helper()
	id, token := r.leased(queue)
	r.call("POST", "/v1/jobs/"+id+"/fail", fmt.Sprintf(`{"token":%q,"error":%q}`, token, fault), 200)
}

// mailroom has jobs in every state, in two queues that nobody works on and in
// one that somebody does.
func (r *running) mailroom() {
	r.enqueue("demo", 6, `{"payload":{"task":"report","page":%d}}`)
	r.enqueue("mail", 3, `{"payload":{"to":"a%d@example.com"},"max_attempts":1}`)
	for range 3 {
		r.fail("mail", "550: the mailbox is full")
	}
	r.enqueue("mail", 40, `{"payload":{"to":"b%d@example.com"},"key":"customer-7","tags":["newsletter"]}`)
	r.enqueue("mail", 2, `{"payload":{"to":"c%d@example.com"},"delay":"1h","tags":["digest"]}`)
	r.enqueue("bills", 6, `{"payload":{"bill":%d},"max_attempts":4,"backoff":["2h"]}`)
	r.fail("bills", "the printer is out of paper")
}

// useJobs is the way of somebody who looks at jobs for the first time.
func useJobs(r *running, b *browser) {
	b.goTo("/console/jobs")
	b.sees("Recent jobs")
	b.fill("Payload", `{"task":"report"}`)
	b.press("Enqueue job")
	b.await(`document.querySelector(".result .state")?.innerText === "done"`)
	b.sees("completed")
	b.inspect("jobs")
	link := ask[string](b, `location.pathname`)
	b.goTo(link) // a reload finds the job again
	b.sees("completed")

	b.goTo("/console/jobs")
	b.fill("Payload", `{"task":`)
	b.sees("This is no JSON")
	b.goTo("/console/jobs/no-such-job")
	b.expect("status of 404")
	b.sees("This job cannot be shown")
}

// TestConsoleJobs walks the pages of jobs.
func TestConsoleJobs(t *testing.T) {
	r, b := openConsole(t)
	b.goTo(r.link())
	b.sees("What the five capabilities hold")
	r.mailroom()
	for _, part := range []struct {
		name string
		walk func(*running, *browser)
	}{
		{"queues", useQueues}, {"queue", useQueue}, {"job", useJob}, {"all", useAllJobs}, {"dead", useDeadLetters}, {"schedules", useSchedules},
	} {
		t.Run(part.name, func(t *testing.T) { b.t, r.t = t, t; part.walk(r, b) })
	}
	b.t, r.t = t, t
}

func useQueues(r *running, b *browser) {
	b.goTo("/console/jobs")
	b.sees("40 ready, 2 scheduled, 3 dead")
	b.sees("5 ready, 1 retrying")
	b.await(`document.querySelector(".split .rows tbody tr")`)
	b.inspect("jobs-queues")

	b.do(step(chromedp.Evaluate[any](`document.querySelector("[aria-label='Pause mail']").focus()`)), chromedp.KeyEvent(kb.Enter))
	b.asked("No job of mail is handed out until it is resumed.")
	b.fill("Note", "the provider is down")
	b.inspect("jobs-pause")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.await(`!document.querySelector("dialog[open]:not(.palette)")`)
	b.await(`document.activeElement.getAttribute("aria-label") === "Pause mail"`) // where one was
	b.press("Pause mail")
	b.asked("Pause mail?")
	b.fill("Note", "the provider is down")
	b.press("Pause queue")
	b.await(`document.querySelector(".rows .note")?.innerText === "the provider is down"`)
	r.call("GET", "/v1/queues/mail", "", 200, `"state":"paused"`)
	b.press("Drain bills")
	b.asked("an enqueue is refused with queue_draining")
	b.press("Drain queue")
	b.await(`document.querySelector("[data-state=draining]")`)

	b.expect("status of 409")
	b.fill("Queue", "bills")
	b.press("Enqueue job")
	b.sees("queue_draining")
	b.inspect("jobs-paused")
	b.press("Resume bills")
	b.asked("takes jobs and hands them out again")
	b.press("Resume queue")
	b.await(`!document.querySelector("[data-state=draining]")`)

	b.do(step(chromedp.Evaluate[any](`document.querySelector("details").open = true`)))
	b.fill("Unique key", "bill-4711")
	b.fill("Tags", "urgent, vip")
	b.press("Enqueue job")
	b.await(`document.querySelectorAll(".facts .tag").length === 2`)
	b.goTo("/console/jobs")
	b.fill("Queue", "bills")
	b.do(step(chromedp.Evaluate[any](`document.querySelector("details").open = true`)))
	b.fill("Unique key", "bill-4711")
	b.press("Enqueue job")
	b.await(`/^job .* has it/i.test(document.querySelector(".fault")?.innerText)`)
}

func useQueue(r *running, b *browser) {
	b.goTo("/console/jobs/queues/mail")
	b.sees("live")
	b.await(`document.querySelector(".chart canvas")`)
	ready := `[...document.querySelectorAll(".counts a")].find(a => a.innerText.includes("ready")).innerText`
	b.await(ready + `.startsWith("40")`)
	r.enqueue("mail", 2, `{"payload":{"to":"d%d@example.com"}}`)
	b.await(ready + `.startsWith("42")`)
	b.press("Resume mail")
	b.asked("Resume mail?")
	b.press("Resume queue")
	b.await(`document.querySelector(".standing [data-state=active]")`)

	b.fill("At once", "3")
	b.fill("Starts", "100")
	b.fill("In the time of", "1m")
	b.press("Save limits")
	b.sees("saved")
	r.call("GET", "/v1/queues/mail", "", 200, `"concurrency":3`, `"rate":{"limit":100,"per":"1m"}`)
	b.expect("status of 422")
	b.fill("In the time of", "2 weeks")
	b.press("Save limits")
	b.await(`document.querySelector(".fault")`)
	b.await(`!document.querySelector(".panel form + .notice.bad")`) // it stands at its field
	b.inspect("jobs-queue")
	b.goTo("/console/jobs/queues/mail")
	b.await(control("At once") + `?.value === "3"`)

	b.expect("status of 404")
	b.goTo("/console/jobs/queues/nobody")
	b.sees("There is no queue nobody")
}

func useJob(r *running, b *browser) {
	var made struct{ ID string }
	job := `{"payload":{"report":"may"},"priority":9,"key":"customer-7","max_attempts":3,"backoff":["1s"],"tags":["report"],"headers":{"x-origin":"shop"}}`
	if err := json.Unmarshal(r.call("POST", "/v1/queues/reports/jobs", job, 201), &made); err != nil {
		r.t.Fatal(err)
	}
	b.goTo("/console/jobs/" + made.ID)
	b.sees("It waits for a worker.")
	b.press("Change priority")
	b.asked("start first")
	b.choose("Priority", "8")
	b.confirm()
	b.sees("changed")
	r.fail("reports", "the warehouse did not answer within 30 s")
	b.sees("the warehouse did not answer within 30 s")
	b.press("Run now")
	_, token := r.leased("reports")
	r.call("POST", "/v1/jobs/"+made.ID+"/progress", fmt.Sprintf(`{"token":%q,"progress":42,"message":"page 12 of 28"}`, token), 204)
	b.sees("page 12 of 28")
	b.await(`document.querySelectorAll(".attempts tbody tr").length === 2`)
	b.inspect("jobs-job")
	r.call("POST", "/v1/jobs/"+made.ID+"/complete", fmt.Sprintf(`{"token":%q,"output":{"pages":28}}`, token), 200)
	b.sees(`"pages": 28`)
	b.sees("ended")

	b.press("Delete")
	b.asked("It is removed for good")
	b.press("Delete it")
	b.await(`location.pathname === "/console/jobs/all"`)

	var id struct{ ID string }
	if err := json.Unmarshal(r.call("POST", "/v1/queues/reports/jobs", `{"delay":"1h"}`, 201), &id); err != nil {
		r.t.Fatal(err)
	}
	b.goTo("/console/jobs/" + id.ID)
	b.press("Cancel job")
	b.asked("It will not run.")
	b.press("Cancel it")
	b.await(`document.querySelector(".standing .state")?.innerText === "cancelled"`)
	b.press("Retry")
	b.await(`document.querySelector(".standing .state")?.innerText === "ready"`)
}

func useAllJobs(r *running, b *browser) {
	b.goTo("/console/jobs/all")
	b.sees("page 1")
	b.press("Older")
	b.sees("page 2")
	b.press("Newer")
	b.sees("page 1")
	b.choose("Queue", "mail")
	b.press("ready")
	b.await(`[...document.querySelectorAll(".rows tbody tr")].length === 25 && [...document.querySelectorAll(".rows tbody .state")].every(s => s.innerText === "ready")`)
	b.inspect("jobs-all")
	b.expect("status of 422")
	b.fill("Filter", "attempt >"+kb.Enter)
	b.await(`document.querySelector(".filter .fault")`)
	b.await(`!document.querySelector(".notice.bad")`)
	b.inspect("jobs-all-filter")
	b.fill("Filter", "key = 'customer-7'"+kb.Enter)
	b.await(`document.querySelector(".rows tbody tr")`)
	if link := ask[string](b, `location.hash`); !strings.HasPrefix(link, "#queue=mail&state=ready&filter=key") {
		r.t.Errorf("the address ends in %s", link)
	}

	b.press("Cancel matching…")
	b.asked("40 jobs match")
	b.inspect("jobs-bulk")
	b.fill("Jobs a second", "5")
	b.press("Cancel 40 jobs")
	b.await(`document.querySelector(".operations progress")`)
	b.inspect("jobs-operation")
	b.press("Stop: Cancel")
	b.await(`document.querySelector(".operations .state").innerText === "cancelled"`)
	b.goTo("/console/jobs/all#tag=newsletter&state=cancelled")
	b.press("Purge matching…")
	b.await(`document.querySelector(".matched b")?.innerText > 0`)
	b.confirm()
	b.sees("No job matches")
	b.await(`[...document.querySelectorAll("button")].find(e => e.innerText === "Cancel matching…").title.startsWith("Only jobs that are")`)
}

func useDeadLetters(r *running, b *browser) {
	b.goTo("/console/jobs/dead")
	b.sees("550: the mailbox is full")
	b.inspect("jobs-dead")
	b.press("Redrive mail")
	b.asked("3 jobs match")
	b.fill("Jobs a second", "100")
	b.press("Redrive 3 jobs")
	b.sees("No queue has dead letters")
	b.sees("redriven")
	b.inspect("jobs-dead-none")
	r.call("GET", "/v1/queues/mail", "", 200, `"dead":0`)
}

func useSchedules(r *running, b *browser) {
	b.goTo("/console/jobs/schedules")
	b.sees("No schedules yet")
	b.fill("Name", "nightly")
	b.fill("Expression", "30 2 * * *")
	b.fill("Zone", "Europe/Berlin")
	b.press("Define schedule")
	b.await(`location.pathname.endsWith("/schedules/nightly")`)
	b.sees("02:30 does not exist on this day")
	b.await(`document.querySelectorAll(".ticks li").length >= 10`)
	b.inspect("jobs-schedules")

	b.expect("status of 422")
	b.fill("Expression", "61 2 * * *")
	b.press("Save schedule")
	b.await(`document.querySelector(".fault")`)
	b.fill("Expression", "0 3 * * *")
	b.press("Save schedule")
	b.await(`[...document.querySelectorAll(".aside .fine")].some(e => e.innerText === "saved")`)
	r.call("GET", "/v1/schedules/nightly", "", 200, `"cron":"0 3 * * *"`)

	if ask[bool](b, `!!document.querySelector("[aria-label='Pause nightly']")`) {
		useScheduleActs(r, b)
	}
	b.press("Delete nightly")
	b.asked("The jobs that it made stay.")
	b.press("Delete schedule")
	b.sees("No schedules yet")
}

// useScheduleActs is for servers that can do this.
func useScheduleActs(r *running, b *browser) {
	b.press("Pause nightly")
	b.asked("passed over")
	b.fill("Note", "until the books are closed")
	b.press("Pause schedule")
	b.await(`document.querySelector(".rows .note")?.innerText === "until the books are closed"`)
	b.press("Resume nightly")
	b.asked("ticks again")
	b.press("Resume schedule")
	b.await(`!document.querySelector("[data-state=paused]")`)
	b.press("Backfill nightly")
	b.await(`document.querySelector(".matched b")?.innerText === "1"`)
	b.inspect("jobs-backfill")
	b.press("Enqueue 1 job")
	b.await(`!document.querySelector("dialog[open]")`)
	b.press("Run now: nightly")
	b.await(`document.querySelector(".facts a[href$='/schedules/nightly']")`)
	b.goTo("/console/jobs/schedules/nightly")
	b.fill("Expression", "0 4 * * *")
	b.await(`document.querySelector(".ticks time")?.innerText.endsWith("04:00")`)
	b.sees("as you type")
	b.press("Every")
	b.fill("Span", "90m")
	b.await(`document.querySelector(".call pre").innerText.includes('"every": "90m"')`)
	b.inspect("jobs-schedule-every")
}

// TestConsoleJobsReadOnly: who may only read sees everything, and which scope
// each button needs.
func TestConsoleJobsReadOnly(t *testing.T) {
	r, b := openConsole(t)
	r.mailroom()
	r.call("PUT", "/v1/schedules/nightly", `{"cron":"30 2 * * *","zone":"Europe/Berlin","queue":"reports"}`, 201)
	var made struct{ Key string }
	if err := json.Unmarshal(r.call("POST", "/v1/apikeys", `{"name":"x","scopes":["scheduler:read"]}`, 201), &made); err != nil {
		t.Fatal(err)
	}
	b.goTo("/console/jobs")
	b.fill("API key", made.Key+kb.Enter)
	b.sees("Your credential lacks scheduler:write")
	for path, shows := range map[string]string{
		"": "40 ready", "/queues/mail": "40", "/all": "newsletter", "/dead": "550: the mailbox is full", "/schedules/nightly": "Europe/Berlin",
	} {
		b.goTo("/console/jobs" + path)
		b.sees(shows)
		b.await(`!document.querySelector("main .skeleton")`)
		b.await(`[...document.querySelectorAll("main button")].some(e => e.title === "Needs scheduler:write")`)
		b.await(`[...document.querySelectorAll("main button.act, main .row-acts button")].every(e => e.disabled || e.innerText === "Apply")`)
		b.inspect("jobs-readonly" + strings.ReplaceAll(path, "/", "-"))
	}
}
