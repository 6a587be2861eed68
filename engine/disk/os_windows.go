package disk

import (
	"os"

	"golang.org/x/sys/windows"
)

const errQuota = windows.ERROR_DISK_FULL

// syncDir does nothing: NTFS journals names by itself, and a folder cannot be
// opened for writing.
func syncDir(string) error { return nil }

// Free returns the bytes that the caller may still write below path.
func Free(path string) (uint64, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(p, &free, nil, nil); err != nil {
		return 0, os.NewSyscallError("GetDiskFreeSpaceEx", err)
	}
	return free, nil
}
