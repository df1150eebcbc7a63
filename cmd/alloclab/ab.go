package main

// looks are the numbers of rounds at which a sitting is judged.
var looks = []int{10, 20, 30}
