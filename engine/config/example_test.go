package config_test

import (
	"fmt"
	"os"

	"quintet/engine/config"
)

func Example() {
	var cfg struct {
		Listen string        `name:"listen" default:"127.0.0.1:8080" doc:"Address that the server listens on."`
		Key    config.Secret `name:"master-key" doc:"Key that wraps the keyring."`
		Stream struct {
			Segment config.Size `name:"segment" default:"64MiB" doc:"Bytes of one segment."`
		} `name:"stream" doc:"The event log."`
	}
	loaded, err := config.Load(&cfg, config.Input{
		Args:    []string{"--stream.segment=1GiB"},
		Environ: []string{"QUINTET_MASTER_KEY=hunter2"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := config.Print(os.Stdout, &cfg, loaded.Sources); err != nil {
		fmt.Println(err)
	}
	// Output:
	// listen: "127.0.0.1:8080"  # default
	// master-key: "[redacted]"  # env QUINTET_MASTER_KEY
	// stream:
	//   segment: 1GiB  # flag --stream.segment
}

func ExampleLoad_problems() {
	var cfg struct {
		Listen string `name:"listen" doc:"Address that the server listens on."`
		Limit  int    `name:"limit" doc:"Requests at once."`
	}
	_, err := config.Load(&cfg, config.Input{Args: []string{"--lisen=:80", "--limit=many"}})
	fmt.Println(err)
	// Output:
	// configuration: 2 problems
	//   --lisen
	//     is not a flag
	//     hint: did you mean --listen?
	//   limit = "many" (flag --limit)
	//     is not a whole number
	//     hint: digits with an optional minus sign, such as 100
}
