//go:build unix && !linux

package disk

import "syscall"

const errQuota = syscall.EDQUOT
