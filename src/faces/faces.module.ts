/** The API. */
import { Module } from '@nestjs/common';
import { BodyGate } from '../http/input/body-gate.js';
import { ImagesModule } from '../images/images.module.js';
import { Admission } from '../inference/admission.service.js';
import { InferenceModule } from '../inference/inference.module.js';
import { FacesController } from './faces.controller.js';
import { FacesService } from './faces.service.js';
import { ModelsController } from './models.controller.js';
import { PictureService } from './picture.service.js';

@Module({
  imports: [ImagesModule, InferenceModule],
  controllers: [FacesController, ModelsController],
  providers: [FacesService, PictureService, { provide: BodyGate, useExisting: Admission }],
})
export class FacesModule {}
