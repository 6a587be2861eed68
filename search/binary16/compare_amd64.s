#include "textflag.h"

// func productsF16C(q *float32, b *byte, rounds int, sums *[16]float32)
TEXT ·productsF16C(SB), NOSPLIT, $0-32
	MOVQ q+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ rounds+16(FP), CX
	MOVQ sums+24(FP), DX
	VMOVUPS (DX), Y0
	VMOVUPS 32(DX), Y1

products:
	VCVTPH2PS (DI), Y2
	VCVTPH2PS 16(DI), Y3
	VMULPS (SI), Y2, Y2
	VMULPS 32(SI), Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	ADDQ $32, DI
	ADDQ $64, SI
	DECQ CX
	JNZ products
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	VZEROUPPER
	RET

// func squaresF16C(q *float32, b *byte, rounds int, sums *[16]float32)
TEXT ·squaresF16C(SB), NOSPLIT, $0-32
	MOVQ q+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ rounds+16(FP), CX
	MOVQ sums+24(FP), DX
	VMOVUPS (DX), Y0
	VMOVUPS 32(DX), Y1

squares:
	VCVTPH2PS (DI), Y2
	VCVTPH2PS 16(DI), Y3
	VMOVUPS (SI), Y4
	VMOVUPS 32(SI), Y5
	VSUBPS Y2, Y4, Y2
	VSUBPS Y3, Y5, Y3
	VMULPS Y2, Y2, Y2
	VMULPS Y3, Y3, Y3
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	ADDQ $32, DI
	ADDQ $64, SI
	DECQ CX
	JNZ squares
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	VZEROUPPER
	RET
