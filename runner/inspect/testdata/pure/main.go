// Command pure is a Go program without C: nothing in it serves malloc.
package main

import (
	"fmt"
	"time"
)

func main() {
	kept := make([]byte, 16<<20)
	for i := range kept {
		kept[i] = byte(i)
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
	fmt.Println(kept[0])
}
