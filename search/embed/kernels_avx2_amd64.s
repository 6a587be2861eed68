#include "textflag.h"

// Kernels for AVX2 and FMA. kernels_amd64.go declares them, checks what they
// may touch and says which portable twin each has; curves is the table there,
// 32 bytes of one constant each.

// Two inputs of one token, broadcast, against 16 outputs in Y8 and Y9, or in
// Y10 and Y11. Bytes widened to int16, so that a product pair fits int32.
#define TOKEN(at, w, v, a, b) \
	VPBROADCASTD at, Y12 \
	VPMADDWD     w, Y12, Y13 \
	VPMADDWD     v, Y12, Y14 \
	VPADDD       Y13, a, a \
	VPADDD       Y14, b, b

// One row of 16 outputs: sum - zero·sums to float, · step · scale + bias.
#define FINISH(off, a, b) \
	VPBROADCASTD off(SI), Y12 \
	VPMULLD      Y8, Y12, Y13 \
	VPMULLD      Y9, Y12, Y14 \
	VBROADCASTSS off(BX), Y12 \
	VPSUBD       Y13, a, a \
	VPSUBD       Y14, b, b \
	VCVTDQ2PS    a, a \
	VCVTDQ2PS    b, b \
	VMULPS       Y12, a, a \
	VMULPS       Y12, b, b \
	VMOVUPS      (R11), Y13 \
	VMOVUPS      32(R11), Y14 \
	VFMADD213PS  Y13, Y10, a \
	VFMADD213PS  Y14, Y11, b \
	VMOVUPS      a, (DI) \
	VMOVUPS      b, 32(DI) \
	ADDQ         R8, DI

// func tileAVX2(a *uint16, lda uintptr, w *int8, quads int, sums, zero *int32, scale, bias, step, c *float32, ldc uintptr)
// 4 tokens by 16 outputs, inputs 4 at a time. Sums in Y0..Y7.
TEXT ·tileAVX2(SB), NOSPLIT, $0-88
	MOVQ  a+0(FP), SI
	MOVQ  lda+8(FP), R8
	MOVQ  w+16(FP), DI
	MOVQ  quads+24(FP), CX
	LEAQ  (SI)(R8*2), R9
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

tile:
	VPMOVSXBW (DI), Y8
	VPMOVSXBW 16(DI), Y9
	VPMOVSXBW 32(DI), Y10
	VPMOVSXBW 48(DI), Y11
	TOKEN((SI), Y8, Y9, Y0, Y1)
	TOKEN((SI)(R8*1), Y8, Y9, Y2, Y3)
	TOKEN((R9), Y8, Y9, Y4, Y5)
	TOKEN((R9)(R8*1), Y8, Y9, Y6, Y7)
	TOKEN(4(SI), Y10, Y11, Y0, Y1)
	TOKEN(4(SI)(R8*1), Y10, Y11, Y2, Y3)
	TOKEN(4(R9), Y10, Y11, Y4, Y5)
	TOKEN(4(R9)(R8*1), Y10, Y11, Y6, Y7)
	ADDQ      $64, DI
	ADDQ      $8, SI
	ADDQ      $8, R9
	DECQ      CX
	JNZ       tile

	MOVQ    sums+32(FP), AX
	MOVQ    zero+40(FP), SI
	MOVQ    scale+48(FP), R10
	MOVQ    bias+56(FP), R11
	MOVQ    step+64(FP), BX
	MOVQ    c+72(FP), DI
	MOVQ    ldc+80(FP), R8
	VMOVDQU (AX), Y8
	VMOVDQU 32(AX), Y9
	VMOVUPS (R10), Y10
	VMOVUPS 32(R10), Y11
	FINISH(0, Y0, Y1)
	FINISH(4, Y2, Y3)
	FINISH(8, Y4, Y5)
	FINISH(12, Y6, Y7)
	VZEROUPPER
	RET

#define SCALED(at, a, b) \
	VBROADCASTSS at, Y12 \
	VFMADD231PS  Y8, Y12, a \
	VFMADD231PS  Y9, Y12, b

#define STORE(a, b) \
	VMOVUPS a, (DX) \
	VMOVUPS b, 32(DX) \
	ADDQ    R13, DX

// func productAVX2(a *float32, lda uintptr, b *float32, ldb uintptr, c *float32, ldc uintptr, inner int)
// 4 rows by 16 columns of float32.
TEXT ·productAVX2(SB), NOSPLIT, $0-56
	MOVQ   a+0(FP), SI
	MOVQ   lda+8(FP), R8
	MOVQ   b+16(FP), DI
	MOVQ   ldb+24(FP), R10
	MOVQ   c+32(FP), DX
	MOVQ   ldc+40(FP), R13
	MOVQ   inner+48(FP), CX
	LEAQ   (SI)(R8*2), R9
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

product:
	VMOVUPS (DI), Y8
	VMOVUPS 32(DI), Y9
	SCALED((SI), Y0, Y1)
	SCALED((SI)(R8*1), Y2, Y3)
	SCALED((R9), Y4, Y5)
	SCALED((R9)(R8*1), Y6, Y7)
	ADDQ    R10, DI
	ADDQ    $4, SI
	ADDQ    $4, R9
	DECQ    CX
	JNZ     product

	STORE(Y0, Y1)
	STORE(Y2, Y3)
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	VZEROUPPER
	RET

// All lanes of y (low half x) into the first, by op; X15 is lost.
#define REDUCE(op, y, x) \
	VEXTRACTF128 $1, y, X15 \
	op           X15, x, x \
	VPSHUFD      $0x4E, x, X15 \
	op           X15, x, x \
	VPSHUFD      $0xB1, x, X15 \
	op           X15, x, x

// x = e^x for x ≤ 0 as expo does; n and p are lost; R10 points to curves.
#define EXP(x, n, p) \
	VMAXPS      288(R10), x, x \
	VMULPS      (R10), x, n \
	VROUNDPS    $8, n, n \
	VFMADD231PS 32(R10), n, x \
	VFMADD231PS 64(R10), n, x \
	VMOVUPS     96(R10), p \
	VFMADD213PS 128(R10), x, p \
	VFMADD213PS 160(R10), x, p \
	VFMADD213PS 192(R10), x, p \
	VFMADD213PS 224(R10), x, p \
	VFMADD213PS 256(R10), x, p \
	VFMADD213PS 256(R10), x, p \
	VCVTPS2DQ   n, n \
	VPSLLD      $23, n, n \
	VPADDD      n, p, x

// func softmaxAVX2(x *float32, lanes int, curves *float32)
// lanes are 8 float32 each.
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-24
	MOVQ    x+0(FP), SI
	MOVQ    lanes+8(FP), CX
	MOVQ    curves+16(FP), R10
	MOVQ    SI, DI
	MOVQ    CX, DX
	VMOVUPS (SI), Y3

top:
	VMAXPS (DI), Y3, Y3
	ADDQ   $32, DI
	DECQ   DX
	JNZ    top

	REDUCE(VMAXPS, Y3, X3)
	VBROADCASTSS X3, Y3
	VXORPS       Y4, Y4, Y4
	MOVQ         SI, DI
	MOVQ         CX, DX

raise:
	VMOVUPS (DI), Y0
	VSUBPS  Y3, Y0, Y0
	EXP(Y0, Y1, Y2)
	VADDPS  Y0, Y4, Y4
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	DECQ    DX
	JNZ     raise

	REDUCE(VADDPS, Y4, X4)
	VBROADCASTSS X4, Y4
	VMOVUPS      256(R10), Y5
	VDIVPS       Y4, Y5, Y4

share:
	VMULPS  (SI), Y4, Y0
	VMOVUPS Y0, (SI)
	ADDQ    $32, SI
	DECQ    CX
	JNZ     share
	VZEROUPPER
	RET

// func geluAVX2(x *float32, lanes int, curves *float32)
TEXT ·geluAVX2(SB), NOSPLIT, $0-24
	MOVQ     x+0(FP), SI
	MOVQ     lanes+8(FP), CX
	MOVQ     curves+16(FP), R10
	VPCMPEQD Y14, Y14, Y14
	VPSLLD   $31, Y14, Y14   // the sign bits
	VMOVUPS  256(R10), Y13   // 1

gelu:
	VMOVUPS      (SI), Y5
	VMULPS       512(R10), Y5, Y6
	VANDNPS      Y6, Y14, Y7 // |x|/√2
	VANDPS       Y6, Y14, Y8 // the sign
	VMULPS       Y7, Y7, Y0
	VXORPS       Y14, Y0, Y0
	EXP(Y0, Y1, Y2)
	VMOVAPS      Y13, Y9
	VFMADD231PS  320(R10), Y7, Y9
	VDIVPS       Y9, Y13, Y9 // t
	VMOVUPS      352(R10), Y10
	VFMADD213PS  384(R10), Y9, Y10
	VFMADD213PS  416(R10), Y9, Y10
	VFMADD213PS  448(R10), Y9, Y10
	VFMADD213PS  480(R10), Y9, Y10
	VMULPS       Y9, Y10, Y10
	VFNMADD213PS Y13, Y0, Y10 // erf of |x|/√2
	VXORPS       Y8, Y10, Y10
	VADDPS       Y13, Y10, Y10
	VMULPS       224(R10), Y5, Y5
	VMULPS       Y5, Y10, Y10
	VMOVUPS      Y10, (SI)
	ADDQ         $32, SI
	DECQ         CX
	JNZ          gelu
	VZEROUPPER
	RET

// func quantiseAVX2(x, reciprocal *float32, pieces int, out *uint16, step *float32, zero *int32)
// pieces are 16 float32 each.
TEXT ·quantiseAVX2(SB), NOSPLIT, $0-48
	MOVQ   x+0(FP), SI
	MOVQ   reciprocal+8(FP), R10
	MOVQ   pieces+16(FP), CX
	MOVQ   out+24(FP), DI
	MOVQ   step+32(FP), R8
	MOVQ   zero+40(FP), R9
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	XORQ   AX, AX
	MOVQ   CX, DX

range:
	VMOVUPS (R10)(AX*1), Y0
	VMOVUPS 32(R10)(AX*1), Y1
	VMULPS  (SI)(AX*1), Y0, Y0
	VMULPS  32(SI)(AX*1), Y1, Y1
	VMAXPS  Y0, Y3, Y3
	VMINPS  Y0, Y4, Y4
	VMAXPS  Y1, Y5, Y5
	VMINPS  Y1, Y6, Y6
	ADDQ    $64, AX
	DECQ    DX
	JNZ     range

	VMAXPS       Y5, Y3, Y3
	VMINPS       Y6, Y4, Y4
	REDUCE(VMAXPS, Y3, X3)
	REDUCE(VMINPS, Y4, X4)
	VSUBSS       X4, X3, X3
	MOVL         $0x437f0000, AX  // 255
	VMOVD        AX, X5
	MOVL         $0x0da24260, AX  // smallest
	VMOVD        AX, X6
	VMAXSS       X6, X3, X3
	VDIVSS       X5, X3, X7
	VMOVSS       X7, (R8)
	VDIVSS       X3, X5, X5
	VMULSS       X5, X4, X4
	VCVTSS2SI    X4, AX
	NEGL         AX
	MOVL         AX, (R9)
	VBROADCASTSS X5, Y5
	VMOVD        AX, X6
	VPBROADCASTD X6, Y6
	MOVL         $255, AX
	VMOVD        AX, X7
	VPBROADCASTD X7, Y7
	XORQ         AX, AX

round:
	VMOVUPS   (R10)(AX*1), Y0
	VMOVUPS   32(R10)(AX*1), Y1
	VMULPS    (SI)(AX*1), Y0, Y0
	VMULPS    32(SI)(AX*1), Y1, Y1
	VMULPS    Y5, Y0, Y0
	VMULPS    Y5, Y1, Y1
	VCVTPS2DQ Y0, Y0
	VCVTPS2DQ Y1, Y1
	VPADDD    Y6, Y0, Y0
	VPADDD    Y6, Y1, Y1
	VPMINSD   Y7, Y0, Y0
	VPMINSD   Y7, Y1, Y1
	VPACKUSDW Y1, Y0, Y0
	VPERMQ    $0xD8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $32, DI
	ADDQ      $64, AX
	DECQ      CX
	JNZ       round
	VZEROUPPER
	RET

// func addNormAVX2(x, y, gain, bias *float32, pieces int, share, epsilon float32)
// pieces are 16 float32 each, share is 1/n.
TEXT ·addNormAVX2(SB), NOSPLIT, $0-48
	MOVQ         x+0(FP), SI
	MOVQ         y+8(FP), DI
	MOVQ         gain+16(FP), R8
	MOVQ         bias+24(FP), R9
	MOVQ         pieces+32(FP), CX
	VBROADCASTSS share+40(FP), Y10
	VXORPS       Y3, Y3, Y3
	VXORPS       Y4, Y4, Y4
	XORQ         AX, AX
	MOVQ         CX, DX

add:
	VMOVUPS (SI)(AX*1), Y0
	VMOVUPS 32(SI)(AX*1), Y1
	VADDPS  (DI)(AX*1), Y0, Y0
	VADDPS  32(DI)(AX*1), Y1, Y1
	VMOVUPS Y0, (SI)(AX*1)
	VMOVUPS Y1, 32(SI)(AX*1)
	VADDPS  Y0, Y3, Y3
	VADDPS  Y1, Y4, Y4
	ADDQ    $64, AX
	DECQ    DX
	JNZ     add

	VADDPS       Y4, Y3, Y3
	REDUCE(VADDPS, Y3, X3)
	VBROADCASTSS X3, Y3
	VMULPS       Y10, Y3, Y3 // the mean
	VXORPS       Y4, Y4, Y4
	VXORPS       Y5, Y5, Y5
	XORQ         AX, AX
	MOVQ         CX, DX

spread:
	VMOVUPS     (SI)(AX*1), Y0
	VMOVUPS     32(SI)(AX*1), Y1
	VSUBPS      Y3, Y0, Y0
	VSUBPS      Y3, Y1, Y1
	VFMADD231PS Y0, Y0, Y4
	VFMADD231PS Y1, Y1, Y5
	ADDQ        $64, AX
	DECQ        DX
	JNZ         spread

	VADDPS       Y5, Y4, Y4
	REDUCE(VADDPS, Y4, X4)
	VMULSS       X10, X4, X4
	VADDSS       epsilon+44(FP), X4, X4
	VSQRTSS      X4, X4, X4
	MOVL         $0x3f800000, AX // 1
	VMOVD        AX, X5
	VDIVSS       X4, X5, X4
	VBROADCASTSS X4, Y4
	XORQ         AX, AX

norm:
	VMOVUPS     (SI)(AX*1), Y0
	VMOVUPS     32(SI)(AX*1), Y1
	VSUBPS      Y3, Y0, Y0
	VSUBPS      Y3, Y1, Y1
	VMULPS      Y4, Y0, Y0
	VMULPS      Y4, Y1, Y1
	VMOVUPS     (R8)(AX*1), Y2
	VMOVUPS     32(R8)(AX*1), Y5
	VFMADD213PS (R9)(AX*1), Y2, Y0
	VFMADD213PS 32(R9)(AX*1), Y5, Y1
	VMOVUPS     Y0, (SI)(AX*1)
	VMOVUPS     Y1, 32(SI)(AX*1)
	ADDQ        $64, AX
	DECQ        CX
	JNZ         norm
	VZEROUPPER
	RET

// 64 codes of one row against the query, four sums.
#define CODES(off) \
	VPMOVZXBW off(SI), Y4 \
	VPMOVZXBW 16+off(SI), Y5 \
	VPMOVZXBW 32+off(SI), Y6 \
	VPMOVZXBW 48+off(SI), Y7 \
	VPMADDWD  2*off(DI), Y4, Y4 \
	VPMADDWD  32+2*off(DI), Y5, Y5 \
	VPMADDWD  64+2*off(DI), Y6, Y6 \
	VPMADDWD  96+2*off(DI), Y7, Y7 \
	VPADDD    Y4, Y0, Y0 \
	VPADDD    Y5, Y1, Y1 \
	VPADDD    Y6, Y2, Y2 \
	VPADDD    Y7, Y3, Y3
