package pricelist_test

import (
	"fmt"

	"github.com/costkey/costkey-otel/pricing/pricelist"
)

func Example() {
	models, err := pricelist.Read([]byte(`{"groq/some-model": {"litellm_provider": "groq", "mode": "chat",
		"input_cost_per_token": 5.9e-07, "output_cost_per_token": 7.9e-07, "vector_store_cost_per_gb_per_day": 0.1}}`),
		"", pricelist.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := pricelist.YAML(models, "From LiteLLM.")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(file))
	fmt.Println(models[0].Notes[0])
	// Output:
	// # From LiteLLM.
	// prices:
	//   - provider: groq
	//     model: some-model
	//     rows:
	//       - rates: {input: 0.59, output: 0.79}
	// vector_store_cost_per_gb_per_day: own prices have nothing like it
}
