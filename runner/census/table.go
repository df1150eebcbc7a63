package census

// blockTable maps addresses of blocks to sizes: open addressing with linear
// probing, 16 bytes a slot at most three quarters full. A Go map of ten million blocks takes
// three times the memory.
type blockTable struct {
	slots []blockSlot // a power of two
	used  int
}

type blockSlot struct{ address, size uint64 } // address 0: free

func (t *blockTable) home(address uint64) int {
	return int((address >> 3) * 0x9e3779b97f4a7c15 >> 20 & uint64(len(t.slots)-1))
}

// put stores a block and returns what was there under its address before.
func (t *blockTable) put(address, size uint64) (before uint64, known bool) {
	if 4*(t.used+1) > 3*len(t.slots) {
		t.grow()
	}
	i := t.home(address)
	for ; t.slots[i].address != 0; i = (i + 1) & (len(t.slots) - 1) {
		if t.slots[i].address == address {
			before, t.slots[i].size = t.slots[i].size, size
			return before, true
		}
	}
	t.slots[i] = blockSlot{address, size}
	t.used++
	return 0, false
}

// take removes a block and returns its size.
func (t *blockTable) take(address uint64) (size uint64, known bool) {
	if t.used == 0 || address == 0 {
		return 0, false
	}
	mask := len(t.slots) - 1
	i := t.home(address)
	for ; t.slots[i].address != address; i = (i + 1) & mask {
		if t.slots[i].address == 0 {
			return 0, false
		}
	}
	size = t.slots[i].size
	// What comes behind moves up, as long as that brings it nearer to its home.
	for j := (i + 1) & mask; t.slots[j].address != 0; j = (j + 1) & mask {
		if home := t.home(t.slots[j].address); (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = blockSlot{}
	t.used--
	return size, true
}

func (t *blockTable) grow() {
	old := t.slots
	t.slots = make([]blockSlot, max(1024, 2*len(old)))
	t.used = 0
	for _, s := range old {
		if s.address != 0 {
			t.put(s.address, s.size)
		}
	}
}
