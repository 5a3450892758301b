/* SPDX-License-Identifier: MIT
 *
 * kernel_dense.h: part of kernel_vector.h: products of small layers, tile by tile in registers.
 */
/* A matrix product of the three kinds that a layer needs: y[i, o] = start[i, o] + Σ_k x[i, k] w[k, o], k ascending. */
typedef struct {
    float *y;
    const float *start, *x, *w;
    Index y_row, start_row;      /* y[i, o] is y[i · y_row + o] */
    Index x_row, x_step, w_step; /* x[i, k] is x[i · x_row + k · x_step]; w[k, o] is w[k · w_step + o] */
    Index depth;                 /* of k */
    Activation activation;
} Product;

/* RELU's maximum is its second number where one is NaN. */
INLINE V activated(V x, Activation activation)
{
    if (activation == ACTIVATION_SELU) return selu_register(x);
    return activation == ACTIVATION_RELU ? v_max(v_set(0), x) : x;
}

/* `rows` × `regs` registers of y, from row i and column o on. */
INLINE void tile(const Product *m, Index i, Index o, const int rows, const int regs)
{
    V sum[TILE_ROWS][2];
    const float *x = m->x + i * m->x_row, *w = m->w + o;
    UNROLL
    for (int a = 0; a < rows; a++) {
        UNROLL
        for (int r = 0; r < regs; r++) sum[a][r] = v_load(m->start + (i + a) * m->start_row + o + r * LANES);
    }
    for (Index k = 0; k < m->depth; k++, x += m->x_step, w += m->w_step) {
        V weight[2];
        UNROLL
        for (int r = 0; r < regs; r++) weight[r] = v_load(w + r * LANES);
        UNROLL
        for (int a = 0; a < rows; a++) {
            const V input = v_set(x[a * m->x_row]);
            UNROLL
            for (int r = 0; r < regs; r++) sum[a][r] = v_fma(input, weight[r], sum[a][r]);
        }
    }
    UNROLL
    for (int a = 0; a < rows; a++) {
        UNROLL
        for (int r = 0; r < regs; r++)
            v_store(m->y + (i + a) * m->y_row + o + r * LANES, activated(sum[a][r], m->activation));
    }
}

INLINE void tile_column(const Product *m, Index n, Index o, const int regs)
{
    Index i = 0;
    for (; i + TILE_ROWS <= n; i += TILE_ROWS) tile(m, i, o, TILE_ROWS, regs);
    if (i + 4 <= n && TILE_ROWS > 4) tile(m, i, o, 4, regs), i += 4;
    if (i + 2 <= n) tile(m, i, o, 2, regs), i += 2;
    if (i < n) tile(m, i, o, 1, regs);
}

/* y [n, n_out] */
static void product(const Product *m, Index n, Index n_out)
{
    Index o = 0;
    for (; o + 2 * LANES <= n_out; o += 2 * LANES) tile_column(m, n, o, 2);
    for (; o < n_out; o += LANES) tile_column(m, n, o, 1);
}

static void dense_forward(float *y, const KernelLayer *l, const float *x, int n)
{
    const bool apart = SELU_APART && l->activation == ACTIVATION_SELU;
    const Product m = {.y = y,
                       .y_row = l->n_out,
                       .start = l->b,
                       .x = x,
                       .x_row = l->stride,
                       .x_step = 1,
                       .w = l->wt,
                       .w_step = l->n_out,
                       .depth = l->n_in,
                       .activation = apart ? ACTIVATION_NONE : l->activation};
    assert(l->n_out % KERNEL_LANES == 0 && l->activation <= ACTIVATION_RELU);
    product(&m, n, l->n_out); /* y = b + x wt */
    if (apart) selu_apart(y, n * l->n_out);
}

static void dense_dinput(float *dx, const float *dy, Index dy_stride, const float *w, int n, Index n_out, Index n_in)
{
    const Product m = {.y = dx,
                       .y_row = n_in,
                       .start = dx,
                       .start_row = n_in,
                       .x = dy,
                       .x_row = dy_stride,
                       .x_step = 1,
                       .w = w,
                       .w_step = n_in,
                       .depth = n_out};
    assert(n_in % KERNEL_LANES == 0);
    product(&m, n, n_in); /* y = x wᵀ */
}

static void dense_dweight(float *dwt, float *db, const float *x, Index x_stride, const float *dy, int n, Index n_in,
                          Index n_out)
{
    const Product m = {.y = dwt,
                       .y_row = n_out,
                       .start = dwt,
                       .start_row = n_out,
                       .x = x,
                       .x_row = 1,
                       .x_step = x_stride,
                       .w = dy,
                       .w_step = n_out,
                       .depth = n};
    assert(n_out % KERNEL_LANES == 0);
    product(&m, n_in, n_out); /* y = b + x wt */
    for (Index o = 0; db && o < n_out; o += LANES) {
        V sum = v_load(db + o);
        for (int i = 0; i < n; i++) sum = v_add(sum, v_load(dy + i * n_out + o));
        v_store(db + o, sum);
    }
}

/* Eight floats joined pairwise: 4 apart, 2, 1. */
INLINE float sum_of_8(__m256 a)
{
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Sixteen partial sums, lane j over inputs j, j + 16, …, joined pairwise. */
INLINE float dot(const float *x, const float *w, Index n)
{
    V sum[KERNEL_LANES / LANES];
    UNROLL
    for (int r = 0; r < KERNEL_LANES / LANES; r++) sum[r] = v_set(0);
    for (Index k = 0; k < n; k += KERNEL_LANES) {
        UNROLL
        for (int r = 0; r < KERNEL_LANES / LANES; r++)
            sum[r] = v_fma(v_load(x + k + r * LANES), v_load(w + k + r * LANES), sum[r]);
    }
    return sum_of_8(v_halves(sum));
}

static void dense_logit(float *a, const float *x, const float *w, const float *b, int n, Index n_in, Index n_query)
{
    assert(n_in % KERNEL_LANES == 0);
    for (int i = 0; i < n; i++, x += n_in)
        for (int j = 0; j < n_query; j++) *a++ = dot(x, w + j * n_in, n_in) + b[j];
}
