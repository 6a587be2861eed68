#include "textflag.h"

// func offer512(b *key, n int, rows *uint32, scores *int32, count int) (least key)
//
// Rows are looked at in sixteens from R11 on; the bits of DX are those of them
// that score at least as the worst key did. Each such key, SI, is compared with
// the worst again and then put in its place without looking for it: every key
// becomes min(itself, max(SI, the key before it)), eight at a time from the end.
// The first block is the one that is not full, of R14 = 1 to 8 keys.
TEXT ·offer512(SB), NOSPLIT, $0-48
	MOVQ  b+0(FP), AX
	MOVQ  n+8(FP), CX
	MOVQ  rows+16(FP), R8
	MOVQ  scores+24(FP), R9
	MOVQ  count+32(FP), R10
	MOVQ  $-1, R12
	XORQ  R11, R11
	LEAQ  -1(CX), R14
	ANDQ  $7, R14
	INCQ  R14
	MOVL  $1, DX
	SHLXQ R14, DX, DX
	DECQ  DX
	KMOVW DX, K4
	ANDL  $0xfe, DX // no key stands before the first
	KMOVW DX, K3

sixteen:
	MOVQ         R10, BX
	SUBQ         R11, BX
	JLE          done
	MOVL         $16, DX
	CMPQ         BX, DX
	CMOVQGT      DX, BX
	MOVL         $1, DX
	SHLXQ        BX, DX, DX
	DECQ         DX
	KMOVW        DX, K1
	VMOVDQU32.Z  (R9)(R11*4), K1, Z0
	MOVL         -4(AX)(CX*8), DX
	XORL         $0x7fffffff, DX
	VPBROADCASTD DX, Z1
	VPCMPD       $5, Z1, Z0, K1, K2
	KMOVW        K2, DX

candidate:
	TESTL        DX, DX
	JZ           next
	TZCNTL       DX, BX
	BLSRL        DX, DX
	ADDQ         R11, BX
	MOVL         (R9)(BX*4), SI
	XORL         $0x7fffffff, SI
	SHLQ         $32, SI
	MOVL         (R8)(BX*4), DI
	LEAQ         (SI)(DI*2), SI
	CMPQ         SI, -8(AX)(CX*8)
	JCC          candidate
	CMPQ         SI, R12
	CMOVQCS      SI, R12
	VPBROADCASTQ SI, Z2
	MOVQ         CX, R13

block:
	SUBQ      $8, R13
	JLE       head
	VMOVDQU64 -8(AX)(R13*8), Z3
	VPMAXUQ   Z2, Z3, Z3
	VPMINUQ   (AX)(R13*8), Z3, Z4
	VMOVDQU64 Z4, (AX)(R13*8)
	CMPQ      SI, -8(AX)(R13*8)
	JCS       block
	JMP       candidate

head:
	VMOVDQU64.Z -8(AX), K3, Z3
	VMOVDQU64.Z (AX), K4, Z4
	VPMAXUQ     Z2, Z3, Z3
	VPMINUQ     Z3, Z4, Z4
	VMOVDQU64   Z4, K4, (AX)
	JMP         candidate

next:
	ADDQ $16, R11
	JMP  sixteen

done:
	VZEROUPPER
	MOVQ R12, least+40(FP)
	RET
