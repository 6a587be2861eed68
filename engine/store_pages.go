package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
)

// bbolt believes its file: over a damaged page it panics, on goroutines of
// its own too, or faults in its map, and either ends the process with nothing
// but a stack trace. So the pages are judged before bbolt sees them.
//
// The file is a row of pages. Page 0 and 1 hold a meta each, of which the one
// with the higher transaction id counts. A page has a head of 16 bytes, id (8),
// flags (2), count (2), further pages (4), and then count elements of 16 bytes:
// of a branch pos (4), length of the key (4), child (8); of a leaf flags (4),
// pos (4), lengths of key and value (4, 4). Pos counts from the element. All
// integers are in the byte order of the machine. See bbolt internal/common.
const (
	pageHead   = 16
	pageBranch = 1
	pageLeaf   = 2
	pageFree   = 16
	metaLength = 64
	bucketFlag = 1 // of a leaf's element: the value is a bucket

	boltMagic    = 0xED0CDAED
	noFreelist   = ^uint64(0) // in a meta: the last stop was not clean
	maxPageDepth = 64
)

var native = binary.NativeEndian

// storeMeta is what a meta page says.
type storeMeta struct {
	pageSize, root, freelist, high, id uint64
}

// storePages reads the pages of a store that nobody has open.
type storePages struct {
	f    *os.File
	meta storeMeta
	seen []uint64 // a bit for each page that is in use
	next uint64   // page behind the last one asked for

	buffer []byte // of pages from first on
	first  uint64
}

// readAhead is how many pages are read at once where they follow each other.
const readAhead = 32

// verifyStore refuses a damaged store with a *CorruptError. After a clean stop
// it looks at the ends of the file only; otherwise it walks over every page in
// use, as bbolt itself then does to find those that are free.
func verifyStore(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	meta, ok := readMeta(f)
	if !ok {
		return &CorruptError{File: storeFile, Reason: "neither of its two meta pages is whole; restore a backup"}
	}
	if end := int64(meta.high * meta.pageSize); info.Size() < end {
		return &CorruptError{File: storeFile, Offset: info.Size(), Reason: fmt.Sprintf("it is cut off: %d bytes are in use; restore a backup", end)}
	}
	p := &storePages{f: f, meta: meta, seen: make([]uint64, meta.high/64+1)}
	if meta.freelist != noFreelist {
		_, err := p.read(meta.freelist, pageFree)
		return err
	}
	return p.walk(meta.root, nil, nil, 0)
}

// readMeta returns the meta that counts. Where the first is damaged, the size
// of a page, and with it the place of the second, is tried out.
func readMeta(f *os.File) (meta storeMeta, ok bool) {
	if meta, ok = metaAt(f, 0); ok {
		second, whole := metaAt(f, int64(meta.pageSize))
		if whole && second.id > meta.id {
			return second, true
		}
		return meta, true
	}
	for size := int64(1 << 10); size <= 1<<16; size *= 2 {
		if meta, ok = metaAt(f, size); ok && meta.pageSize == uint64(size) {
			return meta, true
		}
	}
	return storeMeta{}, false
}

func metaAt(f *os.File, offset int64) (storeMeta, bool) {
	var b [metaLength]byte
	if _, err := f.ReadAt(b[:], offset+pageHead); err != nil {
		return storeMeta{}, false
	}
	sum := fnv.New64a()
	sum.Write(b[:56])
	m := storeMeta{
		pageSize: uint64(native.Uint32(b[8:])), root: native.Uint64(b[16:]),
		freelist: native.Uint64(b[32:]), high: native.Uint64(b[40:]), id: native.Uint64(b[48:]),
	}
	whole := native.Uint32(b[0:]) == boltMagic && native.Uint64(b[56:]) == sum.Sum64()
	return m, whole && m.pageSize >= 1<<10 && m.pageSize <= 1<<16 && m.high < 1<<50
}

// read returns a page with those that belong to it. It is valid until the
// next read.
func (p *storePages) read(id uint64, kinds uint16) ([]byte, error) {
	if id < 2 || id >= p.meta.high {
		return nil, p.corrupt(id, "something refers to it, and it is outside the file's pages")
	}
	page, err := p.load(id, 1)
	if err != nil {
		return nil, err
	}
	flags, more := native.Uint16(page[8:]), uint64(native.Uint32(page[12:]))
	switch {
	case native.Uint64(page) != id:
		return nil, p.corrupt(id, "the page names itself another one")
	case flags&^kinds != 0 || flags&(flags-1) != 0 || flags == 0:
		return nil, p.corrupt(id, "the page is of the wrong kind")
	case id+more >= p.meta.high:
		return nil, p.corrupt(id, "the page does not end")
	}
	for i := id; i <= id+more; i++ {
		if p.seen[i/64]>>(i%64)&1 == 1 {
			return nil, p.corrupt(i, "two places use the page")
		}
		p.seen[i/64] |= 1 << (i % 64)
	}
	p.next = id + more + 1
	return p.load(id, more+1)
}

// load returns count pages from id on.
func (p *storePages) load(id, count uint64) ([]byte, error) {
	size := p.meta.pageSize
	if id < p.first || (id-p.first+count)*size > uint64(len(p.buffer)) {
		ahead := count
		if id == p.next {
			ahead = min(max(count, readAhead), p.meta.high-id)
		}
		if uint64(cap(p.buffer)) < ahead*size {
			p.buffer = make([]byte, ahead*size)
		}
		p.buffer, p.first = p.buffer[:ahead*size], id
		if _, err := p.f.ReadAt(p.buffer, int64(id*size)); err != nil {
			p.buffer = p.buffer[:0]
			return nil, fmt.Errorf("read %s: %w", storeFile, err)
		}
	}
	at := (id - p.first) * size
	return p.buffer[at : at+count*size], nil
}

// walk judges a page and all below it, whose keys must be lo ≤ key < hi.
func (p *storePages) walk(id uint64, lo, hi []byte, depth int) error {
	page, err := p.read(id, pageBranch|pageLeaf)
	if err != nil {
		return err
	}
	if depth > maxPageDepth {
		return p.corrupt(id, "the tree does not end")
	}
	branch := native.Uint16(page[8:]) == pageBranch
	count := int(native.Uint16(page[10:]))
	if branch {
		page = bytes.Clone(page) // its keys bound what is read below
	}
	if branch && count == 0 || pageHead+count*16 > len(page) {
		return p.corrupt(id, "its number of elements is impossible")
	}
	if i, ok := inOrder(page, count, branch, lo, hi); !ok {
		return p.corrupt(id, fmt.Sprintf("element %d is out of order or outside its page", i))
	}
	if !branch {
		return p.walkBuckets(id, page, count, depth)
	}
	for i := range count {
		from, to := elementKey(page, i), hi
		if i+1 < count {
			to = elementKey(page, i+1)
		}
		if err := p.walk(native.Uint64(page[pageHead+16*i+8:]), from, to, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// inOrder returns the first element that is not inside the page, or whose key
// does not rise between lo and hi.
func inOrder(page []byte, count int, branch bool, lo, hi []byte) (i int, ok bool) {
	previous := lo
	for i := range count {
		key, _, _, ok := pageElement(page, i, branch)
		if !ok || len(key) == 0 || hi != nil && bytes.Compare(key, hi) >= 0 {
			return i, false
		}
		if c := bytes.Compare(previous, key); c > 0 || c == 0 && i > 0 {
			return i, false
		}
		previous = key
	}
	return 0, true
}

// walkBuckets walks over the buckets that stand in a leaf.
func (p *storePages) walkBuckets(id uint64, page []byte, count, depth int) error {
	var roots []uint64 // the page is not valid while they are read
	for i := range count {
		_, value, flags, _ := pageElement(page, i, false)
		if flags != bucketFlag {
			continue
		}
		root, ok := bucketRoot(value)
		if !ok {
			return p.corrupt(id, fmt.Sprintf("the bucket in element %d cannot be read", i))
		}
		if root != 0 {
			roots = append(roots, root)
		}
	}
	for _, root := range roots {
		if err := p.walk(root, nil, nil, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// pageElement returns key and, of a leaf, value and flags of an element; not
// ok when they reach beyond the page.
func pageElement(page []byte, i int, branch bool) (key, value []byte, flags uint32, ok bool) {
	at := pageHead + 16*i
	e := page[at : at+16]
	var pos, keyLength, valueLength uint32
	if branch {
		pos, keyLength = native.Uint32(e), native.Uint32(e[4:])
	} else {
		flags, pos, keyLength, valueLength = native.Uint32(e), native.Uint32(e[4:]), native.Uint32(e[8:]), native.Uint32(e[12:])
	}
	from := uint64(at) + uint64(pos)
	to := from + uint64(keyLength) + uint64(valueLength)
	if pos < 16 || to > uint64(len(page)) || flags > bucketFlag {
		return nil, nil, 0, false
	}
	return page[from : from+uint64(keyLength)], page[from+uint64(keyLength) : to], flags, true
}

// elementKey returns the key of a branch's element that was judged before.
func elementKey(page []byte, i int) []byte {
	key, _, _, _ := pageElement(page, i, true)
	return key
}

// bucketRoot reads a bucket's head: its root page (8), a sequence (8). A
// small bucket has root 0 and its one leaf behind the head.
func bucketRoot(value []byte) (root uint64, ok bool) {
	if len(value) < 16 {
		return 0, false
	}
	if root = native.Uint64(value); root != 0 {
		return root, true
	}
	page := value[16:]
	if len(page) < pageHead || native.Uint16(page[8:]) != pageLeaf {
		return 0, false
	}
	count := int(native.Uint16(page[10:]))
	if pageHead+16*count > len(page) {
		return 0, false
	}
	_, ok = inOrder(page, count, false, nil, nil)
	return 0, ok
}

func (p *storePages) corrupt(id uint64, reason string) error {
	return &CorruptError{
		File: storeFile, Offset: int64(min(id, p.meta.high) * p.meta.pageSize),
		Reason: fmt.Sprintf("page %d: %s; restore a backup", id, reason),
	}
}
